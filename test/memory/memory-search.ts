import type { Needle } from '../support/needles.js';

/** Bits of a hash of four bytes: one look into a table of 2 MB refuses nearly every place. */
const HASH_BITS = 24;
const HASH_FACTOR = 0x9e3779b1;

const PAGE = 4096;

/** Digits in a row that are a finding, and what they are counted in. */
const RUN = 10;
const RUN_LIMIT = 10 ** RUN;

/**
 * Counts needles in the memory of a process. Compiled once, searched often; all
 * needles are looked for in one pass, and a second one reads arrays of numbers, one digit an element.
 */
export class MemorySearch {
  /** Whose four bytes may begin here. */
  readonly #filter = new Uint32Array(2 ** (HASH_BITS - 5));
  readonly #byWord = new Map<number, { needle: Needle; skipped: number }[]>();
  /** Runs of digits, as numbers, with the name of a finding. */
  readonly #runs = new Map<number, string>();

  constructor(needles: readonly Needle[], numbers: ReadonlyMap<string, Uint8Array>) {
    for (const needle of needles) this.#add(needle);
    for (const [name, digits] of numbers) {
      for (const order of [digits, digits.toReversed()]) {
        for (let at = 0; at + RUN <= order.length; at++) {
          this.#runs.set(Number(order.subarray(at, at + RUN).join('')), `${name}: in an array of numbers`);
        }
      }
    }
  }

  /** How often each needle was found; those that were not are left out. */
  search(memory: readonly Buffer[]): Map<string, number> {
    const found = new Map<string, number>();
    const count = (name: string) => found.set(name, (found.get(name) ?? 0) + 1);
    for (const region of memory) {
      this.#bytes(region, count);
      this.#numbers(region, count);
    }
    return found;
  }

  #add(needle: Needle): void {
    const { bytes } = needle;
    // Zeros are everywhere: a needle is known by those four bytes that have the fewest.
    let skipped = 0;
    for (let at = 1; at + 4 <= bytes.length; at++)
      if (zerosAt(bytes, at) < zerosAt(bytes, skipped)) skipped = at;
    const word = bytes.readInt32LE(skipped);
    const slot = Math.imul(word, HASH_FACTOR) >>> (32 - HASH_BITS);
    this.#filter[slot >>> 5] = (this.#filter[slot >>> 5] ?? 0) | (1 << (slot & 31));
    const same = this.#byWord.get(word);
    if (same === undefined) this.#byWord.set(word, [{ needle, skipped }]);
    else same.push({ needle, skipped });
  }

  #bytes(bytes: Buffer, count: (name: string) => void): void {
    const filter = this.#filter;
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    let word = 0;
    for (let at = 0; at < bytes.length; at++) {
      if (at % PAGE === 4 && isEmpty(words, at - 4)) at += PAGE - 4;
      word = (word >>> 8) | ((bytes[at] ?? 0) << 24);
      const slot = Math.imul(word, HASH_FACTOR) >>> (32 - HASH_BITS);
      if (((filter[slot >>> 5] ?? 0) & (1 << (slot & 31))) === 0) continue;
      for (const { needle, skipped } of this.#byWord.get(word) ?? []) {
        const start = at - 3 - skipped;
        const end = start + needle.bytes.length;
        if (start < 0 || end > bytes.length) continue;
        if (needle.bytes.compare(bytes, start, end) === 0) count(needle.name);
      }
    }
  }

  /** Digits as elements of arrays: 16 and 32 bits, V8's small integers (the upper half of 64 bits), doubles. */
  #numbers(bytes: Buffer, count: (name: string) => void): void {
    const { buffer, byteOffset, length } = bytes;
    const shorts = new Uint16Array(buffer, byteOffset, length >> 1);
    const words = new Int32Array(buffer, byteOffset, length >> 2);
    const doubles = new Float64Array(buffer, byteOffset, length >> 3);
    this.#elements(shorts, words, [0, 1], count);
    this.#elements(words, words, [0, 1], count);
    this.#elements(words, words, [0, 2], count);
    this.#elements(words, words, [1, 2], count);
    this.#elements(doubles, words, [0, 1], count);
  }

  #elements(
    elements: Uint16Array | Int32Array | Float64Array,
    words: Int32Array,
    [first, step]: readonly [first: number, step: number],
    count: (name: string) => void,
  ): void {
    let run = 0;
    let value = 0;
    const aPage = PAGE / elements.BYTES_PER_ELEMENT;
    for (let at = first; at < elements.length; at += step) {
      if (at % aPage === first && isEmpty(words, (at - first) * elements.BYTES_PER_ELEMENT)) {
        // Zeros, of which a number may begin with some.
        run = RUN;
        value = 0;
        at += aPage - step;
        continue;
      }
      const element = elements[at] ?? -1;
      if (element >= 0 && element <= 9 && Number.isInteger(element)) {
        if (element !== 0 || value !== 0) value = (value * 10 + element) % RUN_LIMIT;
        if (++run < RUN || value === 0) continue;
        const name = this.#runs.get(value);
        if (name !== undefined) count(name);
      } else {
        run = 0;
        value = 0;
      }
    }
  }
}

/** Whether the page that begins at this byte is all zeros, as half of them are. */
function isEmpty(words: Int32Array, from: number): boolean {
  for (let at = from >> 2, end = (from + PAGE) >> 2; at < end; at++) if (words[at] !== 0) return false;
  return true;
}

/** How many of the four bytes from there on are zero. */
function zerosAt(bytes: Uint8Array, at: number): number {
  return bytes.subarray(at, at + 4).filter((byte) => byte === 0).length;
}
