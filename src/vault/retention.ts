import type { Purpose } from './vault.js';

/** How long what is kept, in seconds since the epoch. */
export interface Retention {
  /** When the sealed card goes. */
  card: number;
  /** When the card-free record and the fingerprint go. */
  record: number;
}

const DAY_S = 86_400;
/** 13 months to contest a payment (L.133-24 of the French monetary code), and some days of slack. */
const RECORD_DAYS = 400;

/** A card ends in twenty years and a month at the most, whatever its provider says. */
const CARD_S = (20 * 366 + 33) * DAY_S;
/** Nothing is kept for longer. */
export const LONGEST_S = CARD_S + RECORD_DAYS * DAY_S;

/** What ends a card of this purpose: days that the operator sets, the card's own end, or the time to contest. */
const ENDS_WITH = {
  single: 'days',
  saved: 'card',
  subscription: 'card',
  dispute: 'contest',
} as const satisfies Record<Purpose, 'days' | 'card' | 'contest'>;

/**
 * An expired card can't be charged, so none is kept longer than that; disputes are settled by the record, which
 * holds no card number and stays 13 months more.
 */
export function retentionOf(
  purpose: Purpose,
  card: { expMonth: number; expYear: number },
  createdMs: number,
  ttlDays: number,
): Retention {
  const cardEnds = Math.min(endOfCard(card.expMonth, card.expYear), Math.floor(createdMs / 1000) + CARD_S);
  const daysEnd = Math.floor(createdMs / 1000) + ttlDays * DAY_S;
  const contestEnds = Math.floor(createdMs / 1000) + RECORD_DAYS * DAY_S;
  const end = { days: Math.min(daysEnd, cardEnds), card: cardEnds, contest: contestEnds }[ENDS_WITH[purpose]];
  return { card: end, record: recordEnds(end) };
}

/** When the record of a card goes whose seal goes then; both in seconds since the epoch. */
export function recordEnds(cardEnds: number): number {
  return cardEnds + RECORD_DAYS * DAY_S;
}

/**
 * A day after the card's last day has ended in the last time zone (UTC−12): a card that is taken in its last minute
 * has a token that can still be charged.
 */
function endOfCard(month: number, year: number): number {
  return Date.UTC(year, month, 1) / 1000 + DAY_S / 2 + DAY_S;
}
