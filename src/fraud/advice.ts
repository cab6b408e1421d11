import type { Language } from '../capture/flow.js';
import type { AdviceCode, AdviceView } from '../capture/view.js';

/** What the agent is told before a bank is asked. */
export const ADVICE: Readonly<Record<AdviceCode, Readonly<Record<Language, string>>>> = {
  likely_refused_by_phone: {
    en: 'The bank of this card will probably refuse a payment by telephone. Offer a payment link: the same card can be used there.',
    fr: 'La banque de cette carte refusera probablement un paiement par téléphone. Proposez un lien de paiement : la même carte peut y servir.',
  },
};

export function adviceOf(code: AdviceCode, language: Language): AdviceView {
  return { code, for_agent: ADVICE[code][language] };
}
