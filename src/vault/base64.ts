import { Secret } from '../secret.js';

const ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const PAD = 0x3d;

/** Base64 (RFC 4648) of secret bytes, as bytes: no string is left behind. The caller wipes it. */
export function encodeBase64(secret: Secret): Secret {
  const bytes = secret.reveal();
  const text = new Secret(Math.ceil(bytes.length / 3) * 4);
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(i, i + 3);
    const left = bytes.length - i;
    text.push(letter(a >> 2));
    text.push(letter(((a & 3) << 4) | (b >> 4)));
    text.push(left > 1 ? letter(((b & 15) << 2) | (c >> 6)) : PAD);
    text.push(left > 2 ? letter(c & 63) : PAD);
  }
  return text;
}

/** The bytes, or null when it is no base64. The caller wipes them. */
export function decodeBase64(text: Secret): Secret | null {
  const letters = text.reveal();
  const bytes = new Secret(letters.length);
  if (letters.length % 4 !== 0) return null;
  for (let i = 0; i < letters.length; i += 4) {
    const group = letters.subarray(i, i + 4);
    const pads = group[3] !== PAD || i + 4 < letters.length ? 0 : group[2] === PAD ? 2 : 1;
    let bits = 0;
    for (let n = 0; n < 4; n++) {
      const value = n < 4 - pads ? ALPHABET.indexOf(group[n] ?? PAD) : 0;
      if (value < 0) {
        bytes.wipe();
        return null;
      }
      bits = (bits << 6) | value;
    }
    for (let n = 0; n < 3 - pads; n++) bytes.push((bits >> (16 - 8 * n)) & 255);
  }
  return bytes;
}

function letter(value: number): number {
  return ALPHABET[value] ?? PAD;
}
