/** Looked up once: in the sandbox of a test, each look-up in `Math` is dear. */
const { cos, floor, imul, log, sqrt, PI } = Math;

/** Numbers that look random and are the same in every run (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 up to 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** A whole number from 0 up to, not with, `count`. */
  below(count: number): number {
    return floor(this.next() * count);
  }

  /** Normally distributed, deviation 1. */
  gauss(): number {
    return sqrt(-2 * log(1 - this.next())) * cos(2 * PI * this.next());
  }
}
