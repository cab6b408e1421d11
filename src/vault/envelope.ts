import { createHash, randomFillSync } from 'node:crypto';
import type { CardSecret } from '../card/card.js';
import { AppError } from '../errors.js';
import { Secret } from '../secret.js';
import { open, seal } from './aead.js';
import { parseRecord } from './card-record.js';
import type { Place } from './token-store.js';

/** What a seal is bound to, around the name of its content; made by `bindingOf`. */
export interface Binding {
  readonly head: Buffer;
  readonly tail: Buffer;
}

/** What a seal holds: each has an AAD of its own, so that none stands in another's place. */
export type Content = 'data-key' | 'card' | 'stored' | 'bin' | 'network';

/** The layout that rows get now; bound into every seal. */
export const LAYOUT = 2;
/** What a provider's name is bound to besides its place: it may outlive the record. */
export const NO_RECORD = '';
const KEY_BYTES = 32;

/**
 * The plaintext of a card, of one length whatever the number's: byte 0 the count of digits, 1–19 the digits,
 * 20 the month, 21 the year less 2000, the rest zero.
 */
const CARD_BYTES = 32;
const MAX_DIGITS = 19;

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

/**
 * Binds seals to merchant, row and record: what is moved to another row or merchant does not open, nor does a row whose
 * record was changed. The version of the key-encryption key is bound to the wrapped data key alone, so that a rotation
 * wraps anew without opening a card. Throws AppError `internal` for a layout that never was.
 */
export function bindingOf(layout: number, { merchant, index }: Place, record: string): Binding {
  const place = [lengthed(merchant), lengthed(index)];
  if (layout === 2) {
    const digest = createHash('sha256').update(record).digest();
    return { head: Buffer.of(layout), tail: Buffer.concat([...place, digest]) };
  }
  if (layout === 1) {
    // Of the record its purpose and end alone were bound.
    const { purpose, expires } = parseRecord(record);
    const head = Buffer.alloc(9, layout);
    head.writeBigUInt64BE(BigInt(expires), 1);
    return { head, tail: Buffer.concat([...place, lengthed(purpose)]) };
  }
  throw new AppError('internal', 'a row has an unknown layout');
}

/** Each variable part has its length in front: no two bindings share one encoding. */
export function aadOf(content: Content, { head, tail }: Binding): Buffer {
  return Buffer.concat([head, lengthed(content), tail]);
}

/** With its length in front, in 2 bytes. */
function lengthed(part: string | Buffer): Buffer {
  const bytes = Buffer.from(part);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
