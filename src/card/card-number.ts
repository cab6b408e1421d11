import { issueOf, type Brand } from './brands.js';
import { luhn } from './luhn.js';
import { isTestNumber } from './test-numbers.js';

/** ISO/IEC 7812: what a number of no known brand may have. */
const UNKNOWN_LENGTHS: readonly number[] = [12, 13, 14, 15, 16, 17, 18, 19];

/** Whether a field is over with the digits it has: certainly, if the caller pauses, or only when the caller says so. */
export type FieldEnd = 'now' | 'after-pause' | 'open';

/** Where a card number being keyed (bytes 0–9) stands. It never grows past its brand's longest length: 19 at most. */
export function cardNumberEnd(digits: Uint8Array): FieldEnd {
  const issue = issueOf(digits);
  const lengths = issue?.lengths ?? UNKNOWN_LENGTHS;
  if (digits.length === lengths.at(-1)) return 'now';
  if (digits.length === issue?.usual && luhn(digits)) return 'now';
  return lengths.includes(digits.length) ? 'after-pause' : 'open';
}

export interface CardNumberRules {
  /** The brands that are taken. */
  readonly brands: readonly Brand[];
  readonly testCards: 'allow' | 'refuse';
}

/** What is wrong with a whole number (bytes 0–9), never which digit; null when it is taken. */
export function cardNumberFault(
  digits: Uint8Array,
  rules: CardNumberRules,
): 'invalid-card-number' | 'invalid-card-type' | null {
  const issue = issueOf(digits);
  const lengths = issue?.lengths ?? UNKNOWN_LENGTHS;
  const checked = issue?.luhn === false || luhn(digits);
  if (!lengths.includes(digits.length) || !checked) return 'invalid-card-number';
  if (rules.testCards === 'refuse' && isTestNumber(digits)) return 'invalid-card-number';
  return issue !== null && rules.brands.includes(issue.brand) ? null : 'invalid-card-type';
}
