import type { Press } from '../dsp/dtmf-detector.js';
import { SAMPLE_RATE } from '../dsp/mulaw.js';
import { Secret, type KeyCell } from '../secret.js';
import type { Span } from './span.js';

/** Digits of the shortest and the longest card number (ISO/IEC 7812). */
export const RUN_LEAST = 12;
export const NUMBER_MOST = 19;
/** Keys further apart than 10 s are not of one run. */
export const GAP_MOST = 10 * SAMPLE_RATE;
/** Within a run a pause of 2 s may be the end of a number: time for "and the expiry date, please". */
export const PAUSE = 2 * SAMPLE_RATE;
/** Digits of a run that are kept to be judged; those after them are only counted. */
export const MOST_KEPT = 128;

const DIGITS = 10;

/** From the first to the last of keys that follow one another. */
export interface KeyRun extends Span {
  /** How many digits; `*`, `#` and `A`–`D` don't count. */
  readonly digits: number;
}

export interface RunListener {
  /**
   * A run of `RUN_LEAST` digits or more is over. `digits`: bytes 0–9, wiped when this returns. They come in groups,
   * cut by pauses and by keys that are no digits; `groups`: the index of the first digit of each.
   */
  run(run: KeyRun, digits: Uint8Array, groups: readonly number[]): void;
}

/** Finds runs of keys among the presses of one channel. */
export class KeyRuns {
  readonly #listener: RunListener;
  readonly #kept = new Secret(MOST_KEPT);
  #groups: number[] = [];
  #cut = true;
  #digits = 0;
  #start = 0;
  #end = 0;

  constructor(listener: RunListener) {
    this.#listener = listener;
  }

  /** A press that is over, in the order of the recording. */
  add({ key }: KeyCell, { start, length }: Press): void {
    if (this.#digits > 0 && start - this.#end > GAP_MOST) this.end();
    if (key < DIGITS && this.#digits === 0) this.#start = start;
    if (start - this.#end > PAUSE) this.#cut = true;
    this.#end = start + length;
    if (key < DIGITS) this.#keep(key);
    else this.#cut = true;
  }

  #keep(digit: number): void {
    this.#digits++;
    if (this.#kept.length === MOST_KEPT) return;
    if (this.#cut) this.#groups.push(this.#kept.length);
    this.#cut = false;
    this.#kept.push(digit);
  }

  /** The recording is over, or the run is. */
  end(): void {
    try {
      if (this.#digits >= RUN_LEAST) {
        const run = { start: this.#start, end: this.#end, digits: this.#digits };
        this.#listener.run(run, this.#kept.reveal(), this.#groups);
      }
    } finally {
      this.#kept.wipe();
      this.#groups = [];
      this.#cut = true;
      this.#digits = 0;
    }
  }
}
