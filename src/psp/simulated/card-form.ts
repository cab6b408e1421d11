import { Secret } from '../../secret.js';

/** Longest text of a member, decoded. */
const MAX_VALUE = 512;

const ZERO = 0x30;
const NINE = 0x39;
const AMPERSAND = 0x26;
const EQUALS = 0x3d;
const PLUS = 0x2b;
const DASH = 0x2d;
const SPACE = 0x20;
const PERCENT = 0x25;

/** A form that was sent: text, and what must not become text. `wipe` empties the secrets. */
export interface CardForm {
  fields: ReadonlyMap<string, string>;
  /** Digits as bytes 0–9. Null: not sent, or empty, or something else than digits, spaces and dashes. */
  number: Secret | null;
  code: Secret | null;
  wipe(): void;
}

/**
 * Reads `application/x-www-form-urlencoded`; `card_number` and `card_code` never become strings. Null when it is no
 * such form. The bytes are zeroed.
 */
export function readCardForm(bytes: Buffer): CardForm | null {
  const number = takeDigits(bytes, 'card_number', 19);
  const code = takeDigits(bytes, 'card_code', 4);
  const fields = new Map(new URLSearchParams(bytes.toString('latin1')));
  bytes.fill(0);
  for (const value of fields.values()) {
    if (value.length > MAX_VALUE) return null;
  }
  const wipe = (): void => {
    number?.wipe();
    code?.wipe();
  };
  return { fields, number, code, wipe };
}

/** The digits of a member, which is blanked where it stands. */
function takeDigits(bytes: Buffer, name: string, most: number): Secret | null {
  const start = valueOf(bytes, name);
  if (start < 0) return null;
  const found = bytes.indexOf(AMPERSAND, start);
  const value = bytes.subarray(start, found < 0 ? bytes.length : found);
  const digits = new Secret();
  let good = true;
  for (let at = 0; at < value.length; at++) {
    const byte = value[at] ?? 0;
    if (byte >= ZERO && byte <= NINE && digits.length < most) digits.push(byte - ZERO);
    else if (byte === PERCENT && value[at + 1] === 0x32 && value[at + 2] === ZERO) at += 2;
    else if (byte !== PLUS && byte !== DASH && byte !== SPACE) good = false;
  }
  value.fill(PLUS);
  if (good && digits.length > 0) return digits;
  digits.wipe();
  return null;
}

/** Where the value of the first member of this name begins; -1 when there is none. */
function valueOf(bytes: Buffer, name: string): number {
  for (let at = bytes.indexOf(name); at >= 0; at = bytes.indexOf(name, at + 1)) {
    const end = at + name.length;
    if (bytes[end] === EQUALS && (at === 0 || bytes[at - 1] === AMPERSAND)) return end + 1;
  }
  return -1;
}
