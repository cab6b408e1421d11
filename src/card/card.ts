import type { Secret } from '../secret.js';
import type { Brand } from './brands.js';
import { bin, lastFour } from './mask.js';

/** A whole card, on its way to the vault. Digits are bytes 0–9, not characters. */
export interface CardSecret {
  brand: Brand;
  number: Secret;
  /** 1–12. */
  expMonth: number;
  /** Four digits. */
  expYear: number;
}

/** All that is shown of a card, everywhere. `bin` is null for numbers of 14 digits or less. */
export interface CardView {
  brand: Brand;
  bin: string | null;
  last4: string;
  exp_month: number;
  exp_year: number;
}

export function cardView(card: CardSecret): CardView {
  const digits = card.number.reveal();
  return {
    brand: card.brand,
    bin: bin(digits),
    last4: lastFour(digits),
    exp_month: card.expMonth,
    exp_year: card.expYear,
  };
}
