import { canaryCode, canaryNumber } from '../support/needles.js';

/** A card that nobody has; digits are bytes 0–9. */
export interface CanaryCard {
  readonly name: string;
  readonly number: Uint8Array;
  readonly code: Uint8Array;
}

/** The expiry that everybody keys. */
export const EXPIRY = '1140';

const TEST_BINS = ['401288', '510510', '353011'];

/** Cards that differ in the first eight digits of their numbers already, and in their codes. */
export function distinctCards(count: number): CanaryCard[] {
  const seen = new Set<string>();
  const unseen = (draw: () => Uint8Array): Uint8Array => {
    for (;;) {
      const digits = draw();
      const beginning = digits.subarray(0, 8).join('');
      if (seen.has(beginning)) continue;
      seen.add(beginning);
      return digits;
    }
  };
  return Array.from({ length: count }, (_, index) => ({
    name: `card ${index}`,
    number: unseen(() => canaryNumber(TEST_BINS[index % TEST_BINS.length])),
    // Of 3 to 9: memory is full of smaller numbers with zeros behind them.
    code: unseen(() => canaryCode(3).map((digit) => (digit % 7) + 3)),
  }));
}
