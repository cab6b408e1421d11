import { randomBytes } from 'node:crypto';

/** Crockford base 32: nothing that sounds or looks like something else. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** 40 bits, drawn anew for each link: who guesses is stopped long before (see `link-codes`). */
const CHARACTERS = 8;
const CODE = new RegExp(`^[${ALPHABET}]{${CHARACTERS}}$`);

/** What names a link in a short address, and is said on the telephone. */
export function newLinkCode(): string {
  return Array.from(randomBytes(CHARACTERS), (byte) => ALPHABET[byte % ALPHABET.length]).join('');
}

/** As it is read out and printed: two groups of four. */
export function shownCode(code: string): string {
  return `${code.slice(0, CHARACTERS / 2)}-${code.slice(CHARACTERS / 2)}`;
}

/** What people type: any case, dashes and spaces, `I` and `L` for 1, `O` for 0. Null when it can't be a code. */
export function typedCode(typed: string): string | null {
  if (typed.length > 4 * CHARACTERS) return null;
  const code = typed.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll(/[IL]/g, '1').replaceAll('O', '0');
  return CODE.test(code) ? code : null;
}
