import { inspect } from 'node:util';

/**
 * Bytes that must not be copied or printed: card digits, security codes, unwrapped keys.
 *
 * The buffer has 128 bytes or more because V8 keeps typed arrays of 64 bytes or less on its own heap, where a wipe
 * reaches only a copy. Filled byte by byte with `push`, read through `reveal`, zeroed by `clear` and `wipe`.
 */
export class Secret {
  readonly #bytes: Uint8Array;
  #length = 0;

  constructor(capacity = 128) {
    this.#bytes = new Uint8Array(new ArrayBuffer(Math.max(capacity, 128)));
  }

  /** Copies `bytes` in; the caller still owns, and wipes, the original. */
  static of(bytes: Uint8Array): Secret {
    const secret = new Secret(bytes.length);
    secret.#bytes.set(bytes);
    secret.#length = bytes.length;
    return secret;
  }

  get length(): number {
    return this.#length;
  }

  /** Appends one byte. Throws RangeError when full: callers bound what they push. */
  push(byte: number): void {
    if (this.#length === this.#bytes.length) throw new RangeError('secret is full');
    this.#bytes[this.#length++] = byte;
  }

  /** The bytes themselves, not a copy: never slice them, never keep them. */
  reveal(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Zeroes the bytes; the secret is then empty and can be filled anew. */
  wipe(): void {
    this.#bytes.fill(0);
    this.#length = 0;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}

/** A keypad key as a small integer: 0–9 are digits, then `*`, `#`, and `A`–`D`. */
export const STAR = 10;
export const POUND = 11;
export const KEY_A = 12;
export const KEY_D = 15;
export const NO_KEY = -1;

/**
 * The cell that a key travels in, from the detector or the carrier's message to the capture machine. One cell is
 * reused for every key and cleared after each step: event objects with the key inside survive collections.
 */
export class KeyCell {
  key: number = NO_KEY;

  clear(): void {
    this.key = NO_KEY;
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}
