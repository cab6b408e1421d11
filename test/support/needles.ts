import { createHash, randomInt } from 'node:crypto';

/** One way in which a number could have got out. */
export interface Needle {
  name: string;
  bytes: Buffer;
}

/** What INTERFACE promises: not ten digits or more of it in a row. */
const WINDOW = 10;

/** Every encoding in which a number of digits 0–9 is looked for, whole and in runs of `window` digits. */
export function needles(digits: Uint8Array, window = WINDOW): Needle[] {
  const text = digits.join('');
  const found: Needle[] = [
    ...encodings('', text, digits),
    ...encodings('reversed ', text.split('').toReversed().join(''), digits.toReversed()),
    ...[' ', '-', '.', '_', ', '].map((separator) => ({
      name: `in groups by "${separator}"`,
      bytes: Buffer.from(grouped(text).join(separator)),
    })),
    ...[' ', '-', ',', ', ', '.', '\n'].map((separator) => ({
      name: `digits by ${JSON.stringify(separator)}`,
      bytes: Buffer.from(text.split('').join(separator)),
    })),
    ...['md5', 'sha1', 'sha256', 'sha512'].flatMap((algorithm) => {
      const hash = createHash(algorithm).update(text).digest();
      return [
        { name: algorithm, bytes: hash },
        { name: `${algorithm} in hex`, bytes: Buffer.from(hash.toString('hex')) },
        { name: `${algorithm} in base64`, bytes: Buffer.from(hash.toString('base64').replace(/=+$/, '')) },
      ];
    }),
    ...integers(text),
  ];
  for (let at = 0; at + window <= digits.length; at++) {
    const part = text.slice(at, at + window);
    found.push(...encodings(`digits ${at}–${at + window} `, part, digits.subarray(at, at + window)));
  }
  return found;
}

/** Names of the needles that lie in a haystack. */
export function findNeedles(haystack: Uint8Array, wanted: readonly Needle[]): string[] {
  const buffer = Buffer.from(haystack.buffer, haystack.byteOffset, haystack.byteLength);
  return wanted.filter(({ bytes }) => buffer.includes(bytes)).map(({ name }) => name);
}

/** A number that nobody has: a test BIN, random digits, and a check digit that holds. Bytes 0–9. */
export function canaryNumber(bin = '424242', length = 16): Uint8Array {
  const digits = new Uint8Array(new ArrayBuffer(128), 0, length);
  for (let i = 0; i < length - 1; i++) digits[i] = i < bin.length ? Number(bin[i]) : randomInt(10);
  let sum = 0;
  for (let i = 0; i < length - 1; i++) {
    const digit = digits[length - 2 - i] ?? 0;
    const value = i % 2 === 0 ? digit * 2 : digit;
    sum += value > 9 ? value - 9 : value;
  }
  digits[length - 1] = (10 - (sum % 10)) % 10;
  return digits;
}

/** A security code of random digits; bytes 0–9. */
export function canaryCode(length: number): Uint8Array {
  const digits = new Uint8Array(new ArrayBuffer(128), 0, length);
  for (let i = 0; i < length; i++) digits[i] = randomInt(10);
  return digits;
}

function encodings(prefix: string, text: string, digits: Uint8Array): Needle[] {
  const ascii = Buffer.from(text);
  const utf16 = Buffer.from(text, 'utf16le');
  const bytes = Buffer.from(digits);
  const found: Needle[] = [
    { name: 'ascii', bytes: ascii },
    { name: 'utf-16 little-endian', bytes: utf16 },
    { name: 'utf-16 big-endian', bytes: Buffer.from(utf16).swap16() },
    { name: 'digit bytes', bytes },
    { name: 'hex of ascii', bytes: Buffer.from(ascii.toString('hex')) },
    { name: 'hex of digit bytes', bytes: Buffer.from(bytes.toString('hex')) },
    ...packed(text),
    ...base64('base64 of ascii', ascii),
    ...base64('base64 of digit bytes', bytes),
  ];
  return found.map(({ name, bytes }) => ({ name: prefix + name, bytes }));
}

/** Two digits a byte, from either nibble on. The digits beside a half byte are unknown, so it is left out. */
function packed(text: string): Needle[] {
  return [0, 1].map((skip) => {
    const whole = text.slice(skip, text.length - ((text.length - skip) % 2));
    return { name: `packed from digit ${skip}`, bytes: Buffer.from(whole, 'hex') };
  });
}

/** The characters that depend on these bytes alone, at each of the three places in a base64 group. */
function base64(name: string, bytes: Buffer): Needle[] {
  return [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    const from = Math.ceil((offset * 8) / 6);
    const to = Math.floor(((offset + bytes.length) * 8) / 6);
    return { name: `${name} at ${offset}`, bytes: Buffer.from(text.slice(from, to)) };
  });
}

function integers(text: string): Needle[] {
  const value = BigInt(text);
  if (value >= 2n ** 64n) return [];
  const integer = Buffer.alloc(8);
  integer.writeBigUInt64LE(value);
  const double = Buffer.alloc(8);
  double.writeDoubleLE(Number(value));
  return [
    { name: 'integer little-endian', bytes: integer },
    { name: 'integer big-endian', bytes: Buffer.from(integer).swap64() },
    { name: 'double little-endian', bytes: double },
    { name: 'double big-endian', bytes: Buffer.from(double).swap64() },
  ];
}

function grouped(text: string): string[] {
  if (text.length === 15) return [text.slice(0, 4), text.slice(4, 10), text.slice(10)];
  return text.match(/.{1,4}/g) ?? [];
}
