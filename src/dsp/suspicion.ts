import type { ToneBlocks } from './tone-blocks.js';
import { detuneOf, peakOf } from './tone-tuning.js';
import type { ToneWindow } from './tone-window.js';

/**
 * What makes a window suspect, in dB: how clearly two tones stand out of the band, and of all that there is, mended by
 * what tells keys from voices. The weights are those of a logistic regression, rounded: the hardest of 16,000 keys
 * (15–80 ms, −45…−3 dBm0, twist to ±12 dB, recorded voices 6 and 12 dB under them) against the windows that are nearest
 * to a key in English, Italian and synthetic speech. What they give on other voices: `docs/guard.md`.
 */
const IN_BAND_GAIN = 0.5;
const OF_ALL_GAIN = 1.5;
const TWIST_CENTRE = 2; // dB
const TWIST_COST = 0.025; // for each dB² off the centre: in voices the low group is the stronger one
const LOW_RISE_GAIN = 0.1; // for each dB that the row rose in the last 20 ms
const HIGH_RISE_GAIN = 0.25; // and the column: a voice's rises less
const DETUNE_COST = 0.5; // for each %² that a tone is off its frequency: a voice's harmonics lie anywhere
const PEAK_GAIN = 0.3; // for each dB of the column over what is beside it

/** What is beyond these adds no more. */
const CLEAR_MOST = 20; // dB
const RISE_LEAST = -5; // dB
const RISE_MOST = 20;
const DETUNE_MOST = 5; // %
const PEAK_MOST = 12; // dB

/** Beyond this twist two tones can't be told from one and its leakage into the window. */
const TWIST_MOST = 16;

/** A tone of −45 dBm0 that fills two thirds of the window, and some room. */
const LEVEL_LEAST = -52;

/** Less clear than that in the band, and it isn't worth a look at the rest. */
const REST_MOST = 0.7;

/**
 * Suspicion from which on the caller is covered, by the hold-back in ms: with and without an open field. 15 ms leave a
 * window of 10 ms; 40 ms give a key time to be suspected later, and each cover lasts longer.
 */
const THRESHOLD: Readonly<Record<15 | 20 | 40, { readonly closed: number; readonly open: number }>> = {
  15: { closed: 16, open: 12.5 },
  20: { closed: 16.8, open: 12.2 },
  40: { closed: 17.3, open: 13 },
};

/** Once suspect, this much less keeps it so, for this many blocks (15 ms) after the last such window. */
const HOLD_EASE = 3;
const HOLD_BLOCKS = 6;

/** Blocks back to where the rise is measured from: just before the window. */
const RISE_FROM = 8;

/** Blocks over which the frequency is measured, by the blocks of the window: all that is held back. */
const TUNE_BLOCKS: Readonly<Record<4 | 6, number>> = { 4: 6, 6: 8 };

const dB = (ratio: number): number => 10 * Math.log10(ratio);
const clear = (rest: number): number => Math.min(-dB(Math.max(rest, 1e-9)), CLEAR_MOST);

/**
 * Says, block by block, whether keypad tones may be in the newest audio. It is made to miss nothing, and never takes
 * a suspicion back: what a key is, or whether it is one, is the detector's business.
 */
export class Suspicion {
  readonly #blocks: ToneBlocks;
  readonly #window: ToneWindow;
  readonly #threshold: { readonly closed: number; readonly open: number };
  readonly #tuneBlocks: number;
  /** Energies of the best row and column in the windows before this one; they stand still while it is suspect. */
  readonly #low = new Float64Array(16);
  readonly #high = new Float64Array(16);
  #count = 0;
  #hold = 0;

  constructor(blocks: ToneBlocks, window: ToneWindow, holdMs: 15 | 20 | 40) {
    this.#blocks = blocks;
    this.#window = window;
    this.#threshold = THRESHOLD[holdMs];
    this.#tuneBlocks = TUNE_BLOCKS[window.blocks];
  }

  /** Judges the window as it stands after the newest block. */
  next(fieldOpen: boolean): boolean {
    const threshold = fieldOpen ? this.#threshold.open : this.#threshold.closed;
    const held = this.#hold > 0;
    if (this.#suspicion() >= (held ? threshold - HOLD_EASE : threshold)) this.#hold = HOLD_BLOCKS;
    else if (held) this.#hold--;
    if (this.#hold === 0) {
      const slot = this.#count++ % RISE_FROM;
      this.#low[slot] = this.#window.at(this.#window.row);
      this.#high[slot] = this.#window.at(this.#window.column);
    }
    return this.#hold > 0;
  }

  #suspicion(): number {
    const { row, column, pair, rest, twist } = this.#window;
    if (rest > REST_MOST || Math.abs(twist) > TWIST_MOST || this.#window.level(pair) < LEVEL_LEAST) {
      return -Infinity;
    }
    return (
      IN_BAND_GAIN * clear(rest) +
      OF_ALL_GAIN * clear(this.#window.restOfAll) -
      TWIST_COST * (twist - TWIST_CENTRE) ** 2 +
      LOW_RISE_GAIN * this.#rise(row, this.#low) +
      HIGH_RISE_GAIN * this.#rise(column, this.#high) -
      DETUNE_COST * (this.#detune(row) ** 2 + this.#detune(column) ** 2) +
      PEAK_GAIN * Math.min(peakOf(this.#blocks, column, this.#tuneBlocks), PEAK_MOST)
    );
  }

  #rise(tone: number, before: Float64Array): number {
    const rise = dB((this.#window.at(tone) + 1) / ((before[this.#count % RISE_FROM] ?? 0) + 1));
    return Math.max(RISE_LEAST, Math.min(rise, RISE_MOST));
  }

  /** In %. */
  #detune(tone: number): number {
    return Math.min(100 * detuneOf(this.#blocks, tone, this.#tuneBlocks), DETUNE_MOST);
  }

  /** What came before is not known: whatever stands there now counts as risen. */
  forget(): void {
    this.#low.fill(0);
    this.#high.fill(0);
  }
}
