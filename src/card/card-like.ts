import { issueOf } from './brands.js';
import { luhn } from './luhn.js';

/** Lengths of a run that is taken for a card number. */
const SHORTEST = 13;
const LONGEST = 19;

/** Groups of digits with nothing between them but spaces, dots and dashes, as people write card numbers. */
const RUN = /\d+(?:[\s.·•\p{Pd}−]+\d+)*/gu;

/**
 * Whether free text holds what looks like a card number: 13–19 digits, in whole groups between spaces, dots and dashes,
 * that begin like a card and pass Luhn. Whole groups, so that `… 4242 12/34` is found and a reference of 24 digits is
 * not searched for chance hits. Digits of other scripts and full-width forms count, invisible characters don't.
 */
export function holdsCardNumber(text: string): boolean {
  const plain = text
    .normalize('NFKC')
    .replaceAll(/\p{Cf}/gu, '')
    .replaceAll(/\p{Nd}/gu, asciiDigit);
  for (const [run] of plain.matchAll(RUN)) {
    const groups = run.split(/\D+/);
    if (groups.some((_, first) => beginsCardNumber(groups, first))) return true;
  }
  return false;
}

/** Whether the group at `first`, or it and the next few together, are a card number. */
function beginsCardNumber(groups: readonly string[], first: number): boolean {
  let digits = '';
  for (let i = first; i < groups.length && digits.length < LONGEST; i++) {
    digits += groups[i];
    if (digits.length >= SHORTEST && digits.length <= LONGEST && isCardNumber(digits)) return true;
  }
  return false;
}

function isCardNumber(text: string): boolean {
  const digits = Uint8Array.from(text, Number);
  return luhn(digits) && issueOf(digits) !== null;
}

/** Scripts have their ten digits in a row, zero first: the value is the distance from the first of them. */
function asciiDigit(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  let value = 0;
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - value - 1))) value++;
  return String(value);
}
