import type { Secret } from '../secret.js';
import type { Brand } from './brands.js';
import { bin, lastFour } from './mask.js';
import { UNKNOWN_NETWORKS, type CardNetworks, type Network } from './networks.js';

/** A whole card, on its way to the vault. Digits are bytes 0–9, not characters. */
export interface CardSecret {
  brand: Brand;
  number: Secret;
  /** 1–12. */
  expMonth: number;
  /** Four digits. */
  expYear: number;
}

/** All that is shown of a card, everywhere. `bin` is null for numbers of 14 digits or less, and where none was seen here. */
export interface CardView {
  brand: Brand;
  bin: string | null;
  last4: string;
  exp_month: number;
  exp_year: number;
  /** What it can be charged as; null when that is not known. */
  networks: readonly Network[] | null;
  /** What the payer chose of them; null when he was not asked, or left it to the provider. */
  chosen_network: Network | null;
}

export function cardView(card: CardSecret, { networks, network }: CardNetworks = UNKNOWN_NETWORKS): CardView {
  const digits = card.number.reveal();
  return {
    brand: card.brand,
    bin: bin(digits),
    last4: lastFour(digits),
    exp_month: card.expMonth,
    exp_year: card.expYear,
    networks,
    chosen_network: network,
  };
}
