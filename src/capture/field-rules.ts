import { codeDigits, type Brand } from '../card/brands.js';
import { cardNumberEnd, cardNumberFault, type FieldEnd } from '../card/card-number.js';
import { EXPIRY_DIGITS, readExpiry, type Month } from '../card/expiry.js';
import type { Flow } from './flow.js';
import type { FieldError, FieldName } from './view.js';

/** What the rules of a field hang on besides its digits. */
export interface RuleContext {
  readonly limits: Flow['capture'];
  readonly testCards: 'allow' | 'refuse';
  /** The present month, see `latestMonth`. */
  readonly month: Month;
  /** Of the accepted number; null before. */
  readonly brand: Brand | null;
}

export interface FieldRule {
  /** Whether the field is over with these digits (bytes 0–9). */
  end(digits: Uint8Array, context: RuleContext): FieldEnd;
  /** What is wrong with a field that is over; null when it is accepted. */
  fault(digits: Uint8Array, context: RuleContext): FieldError | null;
}

const LONGEST_CODE = 4;
const POSTAL_CODE_DIGITS = { least: 3, most: 10 };

export const FIELD_RULES: Readonly<Record<FieldName, FieldRule>> = {
  'payment-card-number': {
    end: (digits) => cardNumberEnd(digits),
    fault: (digits, { limits, testCards }) => cardNumberFault(digits, { brands: limits.brands, testCards }),
  },
  'expiration-date': {
    end: (digits) => endAt(digits, EXPIRY_DIGITS),
    fault: (digits, { month }) => (readExpiry(digits, month) === null ? 'invalid-date' : null),
  },
  'security-code': {
    end: (digits, context) => endAt(digits, codeLength(context)),
    fault: (digits, context) => (digits.length === codeLength(context) ? null : 'invalid-security-code'),
  },
  'postal-code': {
    end: (digits, { limits }) => endAt(digits, limits.postal_code_length ?? POSTAL_CODE_DIGITS.most),
    fault: (digits, { limits }) => {
      const least = limits.postal_code_length ?? POSTAL_CODE_DIGITS.least;
      return digits.length >= least ? null : 'invalid-postal-code';
    },
  },
};

function endAt(digits: Uint8Array, length: number): FieldEnd {
  return digits.length >= length ? 'now' : 'open';
}

function codeLength({ brand }: RuleContext): number {
  return brand === null ? LONGEST_CODE : codeDigits(brand);
}
