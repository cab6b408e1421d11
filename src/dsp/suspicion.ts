import { comesTo } from './evidence-score.js';
import { KeyEvidence } from './key-evidence.js';
import { SUSPICION_WEIGHTS, type SuspicionWeights } from './suspicion-weights.js';
import type { ToneBlocks } from './tone-blocks.js';
import type { ToneWindow } from './tone-window.js';

/** Less clear than that in the band, and it isn't worth a look at the rest. */
const REST_MOST = 0.65;

/** Beyond this twist, dB, two tones can't be told from one and its leakage into the window. */
const TWIST_MOST = 16;

/** dBm0: a tone of −45 dBm0 that fills two thirds of the window, and some room. */
const LEVEL_LEAST = -52;

/** Once suspect, this much less keeps it so, for this many blocks (15 ms) after the last such window. */
const HOLD_EASE = 3;
const HOLD_BLOCKS = 6;

/**
 * Says, block by block, whether keypad tones may be in the newest audio. It is made to miss nothing, and never takes
 * a suspicion back: what a key is, or whether it is one, is the detector's business.
 */
export class Suspicion {
  readonly #window: ToneWindow;
  readonly #evidence: KeyEvidence;
  readonly #weights: SuspicionWeights;
  #hold = 0;

  constructor(blocks: ToneBlocks, window: ToneWindow, holdMs: 15 | 20 | 40) {
    this.#window = window;
    this.#evidence = new KeyEvidence(blocks, window);
    this.#weights = SUSPICION_WEIGHTS[holdMs];
  }

  /** Judges the window as it stands after the newest block. */
  next(fieldOpen: boolean): boolean {
    const threshold = fieldOpen ? this.#weights.open : this.#weights.closed;
    if (this.#worthALook() && this.#suspects(this.#hold > 0 ? threshold - HOLD_EASE : threshold)) {
      this.#hold = HOLD_BLOCKS;
    } else if (this.#hold > 0) {
      this.#hold--;
    }
    this.#evidence.learn();
    // What was before a suspicion stands still while it lasts.
    if (this.#hold === 0) this.#evidence.remember();
    return this.#hold > 0;
  }

  #worthALook(): boolean {
    const { pair, rest, twist } = this.#window;
    return rest <= REST_MOST && Math.abs(twist) <= TWIST_MOST && this.#window.level(pair) >= LEVEL_LEAST;
  }

  #suspects(threshold: number): boolean {
    this.#evidence.update();
    return comesTo(threshold, this.#evidence.values, this.#weights);
  }

  /** What came before is not known: whatever stands there now counts as risen. */
  forget(): void {
    this.#evidence.forget();
  }

  wipe(): void {
    this.#evidence.wipe();
    this.#hold = 0;
  }
}
