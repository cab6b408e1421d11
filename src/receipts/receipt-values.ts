import type { Language } from '../capture/flow.js';
import { MINOR_UNITS } from '../currency.js';
import type { ReceiptKind } from './receipts.js';

const ALWAYS = ['merchant', 'contact', 'date', 'time', 'reference', 'card'] as const;
export type Placeholder = 'amount' | (typeof ALWAYS)[number];
export type ReceiptValues = Readonly<Record<Placeholder, string>>;

/** What the templates of a kind can name. */
export const PLACEHOLDERS: Readonly<Record<ReceiptKind, readonly Placeholder[]>> = {
  charge: ['amount', ...ALWAYS],
  refund: ['amount', ...ALWAYS],
  registration: ALWAYS,
};

/** How a merchant is named to payers, and where they can turn to. */
export interface ReceiptMerchant {
  name: string;
  /** IANA name: the times on receipts are those of this zone. */
  time_zone: string;
  contact: string;
}

/** What a receipt tells of. */
export interface ReceiptFacts {
  /** Minor units; null for a registration. */
  money: { amount: number; currency: string } | null;
  /** Milliseconds since the epoch. */
  at: number;
  reference: string;
  lastFour: string | null;
}

const LOCALES: Readonly<Record<Language, string>> = { en: 'en-GB', fr: 'fr-FR' };
const CARD: Readonly<Record<Language, { ending: string; unknown: string }>> = {
  en: { ending: 'card ending in', unknown: 'card' },
  fr: { ending: 'carte se terminant par', unknown: 'carte' },
};

export function valuesOf(facts: ReceiptFacts, merchant: ReceiptMerchant, language: Language): ReceiptValues {
  const { money, at, reference, lastFour } = facts;
  const { name, contact, time_zone: timeZone } = merchant;
  const locale = LOCALES[language];
  const words = CARD[language];
  const clock = { hour: '2-digit', minute: '2-digit', timeZoneName: 'short' } as const;
  return {
    ...{ merchant: name, contact, reference },
    amount: money === null ? '' : moneyText(money.amount, money.currency, language),
    date: plain(new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone }).format(at)),
    time: plain(new Intl.DateTimeFormat(locale, { ...clock, timeZone }).format(at)),
    card: lastFour === null ? words.unknown : `${words.ending} ${lastFour}`,
  };
}

/** The digits behind the point are those of ISO 4217: `Intl` has others for some currencies. */
export function moneyText(amount: number, currency: string, language: Language): string {
  const digits = MINOR_UNITS.get(currency) ?? 0;
  const format = new Intl.NumberFormat(LOCALES[language], {
    ...{ style: 'currency', currency },
    ...{ minimumFractionDigits: digits, maximumFractionDigits: digits },
  });
  return plain(format.format(amount / 10 ** digits));
}

/** Spaces as on every keyboard: one that isn't in the GSM alphabet makes three short messages of one. */
function plain(text: string): string {
  return text.replaceAll(/[\u00a0\u202f]/g, ' ');
}
