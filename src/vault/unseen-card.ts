import type { Brand } from '../card/brands.js';
import { cardView, type CardSecret, type CardView } from '../card/card.js';
import type { CardNetworks } from '../card/networks.js';
import { newId } from '../id.js';

/** A card that was typed on a page of a payment provider's: its number never came here. */
export interface UnseenCard {
  brand: Brand;
  last4: string;
  /** 1–12. */
  expMonth: number;
  /** Four digits. */
  expYear: number;
  provider: string;
  /** The provider's own, alike for the same number. Null: it has none, and the card is like no other. */
  fingerprint: string | null;
}

export function isSeen(card: CardSecret | UnseenCard): card is CardSecret {
  return 'number' in card;
}

/**
 * The bytes that are alike for the same card alone. A number's are 0–9 and a text has none of those, so neither ever
 * stands for the other: that a card was keyed once and typed on a page once is not known.
 */
export function likenessOf(card: CardSecret | UnseenCard): Uint8Array {
  if (isSeen(card)) return card.number.reveal();
  const { provider, fingerprint } = card;
  return Buffer.from(`${provider} ${fingerprint ?? newId('')}`);
}

export function faceOf(card: CardSecret | UnseenCard, networks: CardNetworks): CardView {
  if (isSeen(card)) return cardView(card, networks);
  const { brand, last4, expMonth, expYear } = card;
  const shown = { brand, bin: null, last4, exp_month: expMonth, exp_year: expYear };
  return { ...shown, networks: networks.networks, chosen_network: networks.network };
}
