/** The brands that a co-badged card can be charged as. */
export const NETWORKS = ['cartes_bancaires', 'visa', 'mastercard'] as const;
export type Network = (typeof NETWORKS)[number];

/** What a card can be charged as, where that is known, and what the payer chose of it, where he was asked and did. */
export interface CardNetworks {
  networks: readonly Network[] | null;
  network: Network | null;
}

export const UNKNOWN_NETWORKS: CardNetworks = { networks: null, network: null };

/** Numbers that begin so are of cards with these networks, in the order in which the payer is asked. */
export interface NetworkRange {
  readonly prefix: string;
  readonly networks: readonly Network[];
}

/**
 * The test cards that Stripe and Adyen publish. CB has no ranges of its own that could be listed: its cards are issued
 * under numbers of Visa and Mastercard, so a merchant names those that he knows in his flow, or the provider tells.
 */
const TEST_RANGES: readonly NetworkRange[] = [
  { prefix: '4000002500001001', networks: ['cartes_bancaires', 'visa'] },
  { prefix: '4035501428146300', networks: ['cartes_bancaires', 'visa'] },
  { prefix: '4360000001000005', networks: ['cartes_bancaires'] },
  { prefix: '5555552500001001', networks: ['cartes_bancaires', 'mastercard'] },
];

const ZERO = 48;

/** What the card with this number (bytes 0–9) can be charged as; null: the number doesn't tell. The longest prefix wins. */
export function networksOf(
  digits: Uint8Array,
  ranges: readonly NetworkRange[] = [],
): readonly Network[] | null {
  let found: NetworkRange | null = null;
  for (const range of [...ranges, ...TEST_RANGES]) {
    if (range.prefix.length > (found?.prefix.length ?? 0) && begins(digits, range.prefix)) found = range;
  }
  return found?.networks ?? null;
}

/** Byte by byte: a keyed number never becomes a string. */
function begins(digits: Uint8Array, prefix: string): boolean {
  for (let i = 0; i < prefix.length; i++) {
    if (digits[i] !== prefix.charCodeAt(i) - ZERO) return false;
  }
  return true;
}
