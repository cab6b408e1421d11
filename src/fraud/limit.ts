import type { Limits as LimitSettings } from '../config.js';

export type LimitName = keyof LimitSettings;

/**
 * `captures` are armed; `cards` are those of which a bank is asked; `declines` are the ones that it refused; `charges`
 * are by token.
 */
export type Counted = 'captures' | 'cards' | 'declines' | 'charges';

/** Whose it is that is counted. */
export interface Subject {
  merchant: string;
  /** Null where a card is charged by its token. */
  caller: Caller | null;
  /** The first digits of the card, which tell its issuer; null where they are not known, or it has none to show. */
  range: string | null;
  /** The principal of an API key that charges; null in a capture. */
  client: string | null;
}

export interface Caller {
  /** As the carrier gives it. */
  number: string;
  called: string;
}

/** What is counted, and against whom. */
export const LIMITS: Readonly<Record<LimitName, { counts: Counted; per: keyof Subject; why: string }>> = {
  capturesPerCaller: {
    counts: 'captures',
    per: 'caller',
    why: 'too many cards were asked for from this caller',
  },
  capturesPerMerchant: {
    counts: 'captures',
    per: 'merchant',
    why: 'too many cards were asked for by this merchant',
  },
  cardsPerRange: { counts: 'cards', per: 'range', why: 'too many cards of one issuer were tried' },
  declinesPerCaller: {
    counts: 'declines',
    per: 'caller',
    why: 'too many cards of this caller were declined',
  },
  declinesPerRange: { counts: 'declines', per: 'range', why: 'too many cards of one issuer were declined' },
  declinesPerMerchant: {
    counts: 'declines',
    per: 'merchant',
    why: 'too many cards of this merchant were declined',
  },
  chargesPerClient: { counts: 'charges', per: 'client', why: 'this API key has charged too often' },
};

/** Callers who hide their number are one to us: together they may do so many times what one may. */
export const WITHHELD_SHARE = 10;

/** What networks and carriers give instead of a number that is withheld: a word, or its letters on a telephone's keys. */
const WITHHELD = new Set([
  '',
  ...['anonymous', 'restricted', 'blocked', 'unknown', 'unavailable'],
  ...['+266696687', '+7378742833', '+2562533', '+8656696', '+86282452253'],
]);

export function isWithheld(number: string): boolean {
  return WITHHELD.has(number.toLowerCase());
}
