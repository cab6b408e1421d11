import type { Language } from '../capture/flow.js';
import type { AdviceCode, AdviceView } from '../capture/view.js';

/** What the agent is told before a bank is asked, or where a link that the flow asks for was not sent. */
export const ADVICE: Readonly<Record<AdviceCode, Readonly<Record<Language, string>>>> = {
  likely_refused_by_phone: {
    en: 'The bank of this card will probably refuse a payment by telephone. Offer a payment link: the same card can be used there.',
    fr: 'La banque de cette carte refusera probablement un paiement par téléphone. Proposez un lien de paiement : la même carte peut y servir.',
  },
  link_not_set_up: {
    en: 'This payment needs a payment link, and none can be sent by text message here: it is not set up. Tell whoever runs the service.',
    fr: 'Ce paiement demande un lien, et aucun ne peut être envoyé par SMS ici : ce n’est pas configuré. Prévenez l’exploitant du service.',
  },
  link_no_number: {
    en: 'This payment needs a payment link, and none was sent: the caller’s number is withheld, or takes no text messages. Ask for a mobile number or an e-mail address, or read the link out.',
    fr: 'Ce paiement demande un lien, et aucun n’a été envoyé : le numéro du client est masqué ou ne reçoit pas de SMS. Demandez un numéro mobile ou une adresse e-mail, ou dictez le lien.',
  },
  link_not_sent: {
    en: 'This payment needs a payment link, and it could not be sent by itself just now. Send it from here, or read it out.',
    fr: 'Ce paiement demande un lien, et il n’a pas pu partir de lui-même à l’instant. Envoyez-le d’ici, ou dictez-le.',
  },
};

export function adviceOf(code: AdviceCode, language: Language): AdviceView {
  return { code, for_agent: ADVICE[code][language] };
}
