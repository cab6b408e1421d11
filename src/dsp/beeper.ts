import { SAMPLE_RATE, amplitudeOf, mulawEncode } from './mulaw.js';

/** A beep may begin every 160 ms of what the agent hears, so that its time tells nothing of when a key was pressed. */
export const GRID = 1280;
/** 120 ms. */
export const BEEP_LENGTH = 960;
/** Away from all eight tones and their images; a period is 8 samples, so every beep is the same bytes. */
const BEEP_HZ = 1000;

export const BEEP_LEVEL = { usual: -13, least: -40, most: -3 } as const; // dBm0

/** 20 s of beeps: no hand is so far ahead, and a peer that sends keys without end can't grow the queue. */
export const MOST_BEEPS_WAITING = 128;

/** Beeps of one level, one a slot of the grid. It is asked sample by sample what to play, and says nothing between beeps. */
export class Beeper {
  readonly #wave: Uint8Array;
  #waiting = 0;
  #played = BEEP_LENGTH;

  /** `level` in dBm0; throws RangeError beyond `BEEP_LEVEL`. */
  constructor(level: number = BEEP_LEVEL.usual) {
    if (!(level >= BEEP_LEVEL.least && level <= BEEP_LEVEL.most)) {
      throw new RangeError(`a beep's level is ${BEEP_LEVEL.least} to ${BEEP_LEVEL.most} dBm0`);
    }
    this.#wave = Uint8Array.from({ length: SAMPLE_RATE / BEEP_HZ }, (_, n) =>
      mulawEncode(amplitudeOf(level) * Math.sin((2 * Math.PI * BEEP_HZ * n) / SAMPLE_RATE)),
    );
  }

  /** Queues one; beyond the bound it is dropped. */
  add(): void {
    if (this.#waiting < MOST_BEEPS_WAITING) this.#waiting++;
  }

  get idle(): boolean {
    return this.#waiting === 0 && this.#played === BEEP_LENGTH;
  }

  /** A slot begins. */
  slot(): void {
    if (this.#waiting === 0) return;
    this.#waiting--;
    this.#played = 0;
  }

  /** The next sample of the beep that plays, or nothing. */
  next(): number | undefined {
    if (this.#played === BEEP_LENGTH) return undefined;
    return this.#wave[this.#played++ % this.#wave.length];
  }
}
