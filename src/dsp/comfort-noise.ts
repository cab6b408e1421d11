import { amplitudeOf, mulawEncode } from './mulaw.js';

/** Usually loud enough that the line doesn't seem dead; never so loud that it is heard as a fault. */
export const NOISE_LEVEL = { usual: -55, least: -65, most: -40 } as const; // dBm0

const STEPS = 16;

/** White noise at a fixed level, made of nothing that the caller sent, and the same whatever their background is. */
export class ComfortNoise {
  /** Codes of evenly spread samples; a spread of ±p has the power of a sine of amplitude p·√(2/3). */
  readonly #codes: Uint8Array;
  #state = 1;

  /** `level` in dBm0; throws RangeError beyond `NOISE_LEVEL`. */
  constructor(level: number = NOISE_LEVEL.usual) {
    if (!(level >= NOISE_LEVEL.least && level <= NOISE_LEVEL.most)) {
      throw new RangeError(`comfort noise is ${NOISE_LEVEL.least} to ${NOISE_LEVEL.most} dBm0`);
    }
    const peak = amplitudeOf(level) * Math.sqrt(1.5);
    this.#codes = Uint8Array.from({ length: STEPS }, (_, step) =>
      mulawEncode(peak * ((2 * step + 1) / STEPS - 1)),
    );
  }

  /** The next µ-law byte. */
  next(): number {
    // xorshift32 (G. Marsaglia, 2003)
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return this.#codes[(this.#state >>> 28) % STEPS] ?? 0;
  }
}
