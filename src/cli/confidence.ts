import { BRANDS, issueOf } from '../card/brands.js';
import { cardNumberFault } from '../card/card-number.js';
import { NUMBER_MOST, RUN_LEAST } from '../recording/key-runs.js';

/** `high`: a card number for certain enough. `low`: as many digits as a card number, and no more is known. */
export type Confidence = 'high' | 'low';

const ANY_CARD = { brands: BRANDS, testCards: 'allow' } as const;

/**
 * Whether keyed digits (bytes 0–9) hold a card number: prefix and length of a brand, and a check digit that is right.
 * `groups`: where each group of digits begins. Only whole groups count, alone or joined, as in `card-like.ts`; or the
 * head of a group, at its brand's usual length: expiry and code keyed on without a pause.
 */
export function confidenceOf(digits: Uint8Array, groups: readonly number[]): Confidence {
  return groups.some((_, first) => beginsCard(digits, groups, first)) ? 'high' : 'low';
}

function beginsCard(digits: Uint8Array, groups: readonly number[], first: number): boolean {
  const start = groups[first] ?? 0;
  for (let next = first + 1; next <= groups.length; next++) {
    const end = groups[next] ?? digits.length;
    if (isCard(digits.subarray(start, end))) return true;
    if (end - start > NUMBER_MOST) break;
  }
  const group = digits.subarray(start, groups[first + 1] ?? digits.length);
  const usual = issueOf(group)?.usual ?? Infinity;
  return group.length > usual && isCard(group.subarray(0, usual));
}

function isCard(digits: Uint8Array): boolean {
  const { length } = digits;
  return length >= RUN_LEAST && length <= NUMBER_MOST && cardNumberFault(digits, ANY_CARD) === null;
}
