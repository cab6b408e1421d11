import { BLOCK } from '../dsp/tone-blocks.js';

/**
 * Tells what a guard covered, from what went in and what came out: what it doesn't cover it passes byte for byte,
 * later by its hold-back. Looks at blocks of 2.5 ms; the guard's own noise hits all bytes of one by chance never.
 */
export class CoverWatch {
  /** Input that has yet to come out, a ring. */
  readonly #held: Uint8Array;
  readonly #block: (covered: boolean) => void;
  #count = 0;
  #differs = false;

  /** `hold`: the guard's hold-back in samples. `block` is told of each in turn, beginning with the first of the input. */
  constructor(hold: number, block: (covered: boolean) => void) {
    this.#held = new Uint8Array(hold);
    this.#block = block;
  }

  /** What went into the guard, and what came out for it. */
  compare(input: Uint8Array, output: Uint8Array): void {
    const hold = this.#held.length;
    for (let n = 0; n < input.length; n++) {
      const slot = this.#count % hold;
      if (this.#count >= hold) this.#look(output[n] !== this.#held[slot]);
      this.#held[slot] = input[n] ?? 0;
      this.#count++;
    }
  }

  #look(differs: boolean): void {
    if (differs) this.#differs = true;
    if ((this.#count - this.#held.length + 1) % BLOCK !== 0) return;
    this.#block(this.#differs);
    this.#differs = false;
  }
}
