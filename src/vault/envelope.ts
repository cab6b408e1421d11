import { randomFillSync } from 'node:crypto';
import type { CardSecret } from '../card/card.js';
import { Secret } from '../secret.js';
import { open, seal } from './aead.js';
import type { Purpose } from './vault.js';

/**
 * What a seal is bound to. A record that is moved to another row or merchant, or whose date or purpose is stretched,
 * does not open. The version of the key-encryption key is bound to the wrapped data key alone, so that a rotation
 * wraps anew without opening a card.
 */
export interface Binding {
  merchant: string;
  /** Keyed index of the token. */
  index: Buffer;
  purpose: Purpose;
  /** Seconds since the epoch. */
  expires: number;
}

/** What a seal holds: each has an AAD of its own, so that none stands in another's place. */
export type Content = 'data-key' | 'card' | 'bin';

/** The layout of record and plaintext; bound into every seal. */
export const LAYOUT = 1;
const KEY_BYTES = 32;

/**
 * The plaintext of a card, of one length whatever the number's: byte 0 the count of digits, 1–19 the digits,
 * 20 the month, 21 the year less 2000, the rest zero.
 */
const CARD_BYTES = 32;
const MAX_DIGITS = 19;
const BIN_DIGITS = 6;

/** A fresh key for one record. The caller wipes it. */
export function newDataKey(): Secret {
  const bytes = new Uint8Array(new ArrayBuffer(128), 0, KEY_BYTES);
  randomFillSync(bytes);
  const key = Secret.of(bytes);
  bytes.fill(0);
  return key;
}

export function sealCard(dataKey: Secret, card: CardSecret, binding: Binding): Buffer {
  const digits = card.number.reveal();
  if (digits.length > MAX_DIGITS) throw new RangeError('a card number has at most 19 digits');
  const plaintext = new Uint8Array(new ArrayBuffer(128), 0, CARD_BYTES);
  try {
    plaintext[0] = digits.length;
    plaintext.set(digits, 1);
    plaintext[20] = card.expMonth;
    plaintext[21] = card.expYear - 2000;
    return seal(dataKey.reveal(), plaintext, aadOf('card', binding));
  } finally {
    plaintext.fill(0);
  }
}

/** Number and expiry, or null when the seal does not fit. The caller wipes the number. */
export function openCard(
  dataKey: Secret,
  sealed: Uint8Array,
  binding: Binding,
): Omit<CardSecret, 'brand'> | null {
  const plaintext = open(dataKey.reveal(), sealed, aadOf('card', binding));
  if (plaintext === null) return null;
  const bytes = plaintext.reveal();
  const [length = 0] = bytes;
  const card = {
    number: Secret.of(bytes.subarray(1, 1 + length)),
    expMonth: bytes[20] ?? 0,
    expYear: 2000 + (bytes[21] ?? 0),
  };
  plaintext.wipe();
  return card;
}

/** The BIN of a card is stored in a seal only: beside a keyed hash it would narrow a search. */
export function sealBin(dataKey: Secret, bin: string | null, binding: Binding): Buffer {
  const plaintext = new Uint8Array(new ArrayBuffer(128), 0, BIN_DIGITS);
  plaintext.fill(0x20);
  if (bin !== null) plaintext.set(Buffer.from(bin, 'latin1'));
  return seal(dataKey.reveal(), plaintext, aadOf('bin', binding));
}

/** The BIN, null when the card has none; undefined when the seal does not fit. */
export function openBin(dataKey: Secret, sealed: Uint8Array, binding: Binding): string | null | undefined {
  const plaintext = open(dataKey.reveal(), sealed, aadOf('bin', binding));
  if (plaintext === null) return undefined;
  const bin = String.fromCharCode(...plaintext.reveal()).trimEnd();
  plaintext.wipe();
  return bin === '' ? null : bin;
}

/** Layout, content and binding, each variable part with its length in front: no two bindings share one encoding. */
export function aadOf(content: Content, binding: Binding): Buffer {
  const parts = [content, binding.merchant, binding.index, binding.purpose].map((part) => Buffer.from(part));
  const fixed = Buffer.alloc(9);
  fixed.writeUInt8(LAYOUT, 0);
  fixed.writeBigUInt64BE(BigInt(binding.expires), 1);
  return Buffer.concat([fixed, ...parts.flatMap((part) => [lengthOf(part), part])]);
}

function lengthOf(part: Uint8Array): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(part.length);
  return length;
}
