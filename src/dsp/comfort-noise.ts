import { amplitudeOf, mulawEncode } from './mulaw.js';

/** Loud enough that the line doesn't seem dead, and the same whatever the caller's own background is. */
const LEVEL = -55; // dBm0

const STEPS = 16;
/** Codes of evenly spread samples; a spread of ±p has the power of a sine of amplitude p·√(2/3). */
const CODES = Uint8Array.from({ length: STEPS }, (_, step) =>
  mulawEncode(amplitudeOf(LEVEL) * Math.sqrt(1.5) * ((2 * step + 1) / STEPS - 1)),
);

/** White noise at a fixed level, made of nothing that the caller sent. */
export class ComfortNoise {
  #state = 1;

  /** The next µ-law byte. */
  next(): number {
    // xorshift32 (G. Marsaglia, 2003)
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return CODES[(this.#state >>> 28) % STEPS] ?? 0;
  }
}
