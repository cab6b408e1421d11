import { createHash, randomFillSync } from 'node:crypto';

/** Crockford base 32: no I, L, O, U. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const RANDOM_BYTES = 16;
/** 128 bits in 26 characters: the last one carries 3 bits and 2 zero bits. */
const ID_CHARACTERS = 26;

/**
 * `prefix` and 26 characters of Crockford base 32, 128 random bits. `bucket` (0–255) becomes the first byte, so that
 * what belongs together finds the same Redis slot. Redrawn when it holds twelve digits in a row: a token is never
 * taken for a card number.
 */
export function newId(prefix: string, bucket?: number): string {
  const bytes = Buffer.allocUnsafe(RANDOM_BYTES);
  for (;;) {
    randomFillSync(bytes);
    if (bucket !== undefined) bytes[0] = bucket;
    const id = prefix + encode(bytes);
    if (!/\d{12}/.test(id)) return id;
  }
}

/** An id that is the same for the same text, for what may be made again and must not become two. */
export function derivedId(prefix: string, text: string): string {
  for (let round = 0; ; round++) {
    const digest = createHash('sha256').update(`${round} ${text}`).digest();
    const id = prefix + encode(digest.subarray(0, RANDOM_BYTES));
    if (!/\d{12}/.test(id)) return id;
  }
}

/** The first random byte of an id made by `newId`, or null when it is not one. */
export function bucketOf(id: string): number | null {
  const body = id.slice(id.indexOf('_') + 1);
  if (body.length !== ID_CHARACTERS) return null;
  const high = ALPHABET.indexOf(body[0] ?? '');
  const low = ALPHABET.indexOf(body[1] ?? '');
  return high < 0 || low < 0 ? null : (high << 3) | (low >> 2);
}

/** Whether `text` is exactly what `newId` makes with this prefix: then no card number can be in it. */
export function isId(prefix: string, text: string): boolean {
  return canonicalId(prefix, text) === text && !/\d{12}/.test(text);
}

/** What people type: any case, `I` and `L` for 1, `O` for 0. Null when it can't be an id with this prefix. */
export function canonicalId(prefix: string, typed: string): string | null {
  if (typed.length !== prefix.length + ID_CHARACTERS) return null;
  if (typed.slice(0, prefix.length).toLowerCase() !== prefix) return null;
  const body = typed.slice(prefix.length).toUpperCase().replaceAll(/[IL]/g, '1').replaceAll('O', '0');
  for (const character of body) if (!ALPHABET.includes(character)) return null;
  return prefix + body;
}

function encode(bytes: Uint8Array): string {
  let text = '';
  let buffer = 0;
  let bits = 0;
  for (const byte of bytes) {
    buffer = (buffer << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(buffer >> bits) & 31];
    }
    buffer &= (1 << bits) - 1;
  }
  return text + ALPHABET[(buffer << (5 - bits)) & 31];
}
