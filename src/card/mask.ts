/** Text for people in which the digits of a field are dots: made here and nowhere else. */
export type Masked = string & { readonly masked: unique symbol };

const DOT = '•';
const CLEAR_AT_END = 4;
/** PCI DSS 3.4.1 lets BIN and last four show together; of a number of 14 digits or less that would hide too little. */
const BIN_DIGITS = 6;
const SHORTEST_WITH_BIN = 15;

/** One dot a digit. */
export function dots(count: number): Masked {
  return DOT.repeat(count) as Masked;
}

/** An accepted card number (bytes 0–9): dots, then its last four. */
export function maskedNumber(digits: Uint8Array): Masked {
  return (dots(digits.length - CLEAR_AT_END) + lastFour(digits)) as Masked;
}

export function lastFour(digits: Uint8Array): string {
  return text(digits, digits.length - CLEAR_AT_END, digits.length);
}

/** The first six digits; null where they may not be shown beside the last four. */
export function bin(digits: Uint8Array): string | null {
  return digits.length < SHORTEST_WITH_BIN ? null : text(digits, 0, BIN_DIGITS);
}

function text(digits: Uint8Array, from: number, to: number): string {
  let shown = '';
  for (let i = from; i < to; i++) shown += digits[i];
  return shown;
}
