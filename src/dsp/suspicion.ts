import type { ToneWindow } from './tone-window.js';

/**
 * What makes a window suspect: how clearly two tones stand out of the band, in dB, mended by what tells tones from
 * voices. The weights come from a logistic regression of tones (15–100 ms, −45…−3 dBm0, twist to ±12 dB, voices 6
 * and 12 dB under them) against 1.3 h of recorded prompts in English, Spanish and Italian.
 */
const TWIST_CENTRE = 3.75; // dB: in voices the low group is the stronger one
const TWIST_COST = 0.0115; // dB of clearness for each dB² off the centre
const RISE_GAIN = 0.115; // dB of clearness for each dB that the pair rose in the last 20 ms
const RISE_MOST = 20;
const RISE_LEAST = -5;

/** Beyond this twist two tones can't be told from one and its leakage into the window. */
const TWIST_MOST = 16;

/** A tone of −45 dBm0 that fills two thirds of the window, and some room. */
const LEVEL_LEAST = -52;

/** Clearness that raises suspicion, in dB, by the blocks of the window: with and without an open field. */
const THRESHOLD: Readonly<Record<2 | 3, { readonly closed: number; readonly open: number }>> = {
  2: { closed: 9, open: 6.2 },
  3: { closed: 7.5, open: 5.4 },
};

/** Once suspect, this much less keeps it so, for this many blocks after the last such window. */
const HOLD_EASE = 2;
const HOLD_BLOCKS = 6;

/** Blocks back to where the rise is measured from: just before the window. */
const RISE_FROM = 4;

const dB = (ratio: number): number => 10 * Math.log10(ratio);

/**
 * Says, block by block, whether keypad tones may be in the newest audio. It is made to miss nothing, and never takes
 * a suspicion back: what a key is, or whether it is one, is the detector's business.
 */
export class Suspicion {
  readonly #window: ToneWindow;
  readonly #threshold: { readonly closed: number; readonly open: number };
  /** Energies of the best pair in the windows before this one; they stand still while it is suspect. */
  readonly #before = new Float64Array(16);
  #blocks = 0;
  #hold = 0;

  constructor(window: ToneWindow) {
    this.#window = window;
    this.#threshold = THRESHOLD[window.blocks];
  }

  /** Judges the window as it stands after the newest block. */
  next(fieldOpen: boolean): boolean {
    const threshold = fieldOpen ? this.#threshold.open : this.#threshold.closed;
    const held = this.#hold > 0;
    if (this.#clearness() >= (held ? threshold - HOLD_EASE : threshold)) this.#hold = HOLD_BLOCKS;
    else if (held) this.#hold--;
    if (this.#hold === 0) this.#before[this.#blocks++ % RISE_FROM] = this.#window.pair;
    return this.#hold > 0;
  }

  #clearness(): number {
    const { pair, rest, twist } = this.#window;
    if (this.#window.level(pair) < LEVEL_LEAST) return -Infinity;

    if (Math.abs(twist) > TWIST_MOST) return -Infinity;
    const rise = dB((pair + 1) / ((this.#before[this.#blocks % RISE_FROM] ?? 0) + 1));
    return (
      -dB(Math.max(rest, 0.01)) -
      TWIST_COST * (twist - TWIST_CENTRE) ** 2 +
      RISE_GAIN * Math.max(RISE_LEAST, Math.min(rise, RISE_MOST))
    );
  }

  /** What came before is not known: whatever stands there now counts as risen. */
  forget(): void {
    this.#before.fill(0);
  }
}
