import type { Secret } from '../secret.js';
import type { Brand } from './brands.js';

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
