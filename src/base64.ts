/**
 * Base64 of RFC 4648 section 4 between buffers of ours. `Buffer`'s own goes through strings, and a string of a
 * caller's audio can't be wiped.
 */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const PADDING = 0x3d;
const INVALID = 0xff;

const CHARACTER = Uint8Array.from(ALPHABET, (character) => character.charCodeAt(0));
const VALUE = new Uint8Array(256).fill(INVALID);
CHARACTER.forEach((character, value) => (VALUE[character] = value));

export function encodedLength(length: number): number {
  return Math.ceil(length / 3) * 4;
}

/** Writes base64 of `source` into `target` at `at`; returns where it ends. */
export function encodeBase64(source: Uint8Array, target: Uint8Array, at: number): number {
  const whole = source.length - (source.length % 3);
  let to = at;
  for (let from = 0; from < whole; from += 3) {
    const bits =
      ((source[from] as number) << 16) | ((source[from + 1] as number) << 8) | (source[from + 2] as number);
    target[to++] = CHARACTER[bits >> 18] as number;
    target[to++] = CHARACTER[(bits >> 12) & 63] as number;
    target[to++] = CHARACTER[(bits >> 6) & 63] as number;
    target[to++] = CHARACTER[bits & 63] as number;
  }
  const left = source.length - whole;
  if (left > 0) {
    const bits = ((source[whole] as number) << 16) | ((source[whole + 1] ?? 0) << 8);
    target[to++] = CHARACTER[bits >> 18] as number;
    target[to++] = CHARACTER[(bits >> 12) & 63] as number;
    target[to++] = left === 2 ? (CHARACTER[(bits >> 6) & 63] as number) : PADDING;
    target[to++] = PADDING;
  }
  return to;
}

/**
 * Decodes `source` from `start` to `end` into `target`. Returns how many bytes that gave, or -1 when it is not padded
 * base64 or `target` is too small; `target` may then hold a part of it.
 */
export function decodeBase64(source: Uint8Array, start: number, end: number, target: Uint8Array): number {
  const length = end - start;
  if (length % 4 !== 0) return -1;
  if (length === 0) return 0;
  const padding = source[end - 1] !== PADDING ? 0 : source[end - 2] !== PADDING ? 1 : 2;
  const decoded = (length / 4) * 3 - padding;
  if (decoded > target.length) return -1;

  const whole = padding === 0 ? end : end - 4;
  let to = 0;
  let seen = 0;
  for (let from = start; from < whole; from += 4) {
    const a = VALUE[source[from] as number] as number;
    const b = VALUE[source[from + 1] as number] as number;
    const c = VALUE[source[from + 2] as number] as number;
    const d = VALUE[source[from + 3] as number] as number;
    seen |= a | b | c | d;
    target[to++] = (a << 2) | (b >> 4);
    target[to++] = (b << 4) | (c >> 2);
    target[to++] = (c << 6) | d;
  }
  if (padding > 0) {
    const a = VALUE[source[whole] as number] as number;
    const b = VALUE[source[whole + 1] as number] as number;
    const c = padding === 1 ? (VALUE[source[whole + 2] as number] as number) : 0;
    seen |= a | b | c;
    target[to++] = (a << 2) | (b >> 4);
    if (padding === 1) target[to++] = (b << 4) | (c >> 2);
  }
  // Values have 6 bits; only INVALID sets the two above.
  return (seen & 0xc0) === 0 ? decoded : -1;
}
