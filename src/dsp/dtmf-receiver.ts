import { KeyCell } from '../secret.js';
import { DtmfDetector, type PressListener } from './dtmf-detector.js';
import { BLOCK, ToneBlocks } from './tone-blocks.js';
import { STEP } from './tone-evidence.js';
import { ToneWindow } from './tone-window.js';

/** Finds the presses in a µ-law stream that comes in pieces of any length. */
export class DtmfReceiver {
  readonly #samples = new Uint8Array(new ArrayBuffer(128), 0, STEP);
  readonly #blocks = new ToneBlocks();
  readonly #window = new ToneWindow(this.#blocks, 6);
  readonly #detector: DtmfDetector;
  #filled = 0;

  constructor(listener: PressListener) {
    this.#detector = new DtmfDetector(this.#window, new KeyCell(), listener);
  }

  process(mulaw: Uint8Array): void {
    for (let n = 0; n < mulaw.length; n++) {
      this.#samples[this.#filled++] = mulaw[n] ?? 0;
      if (this.#filled === STEP) this.#look();
    }
  }

  /** The stream is over: a key that is still down is reported. */
  end(): void {
    this.#detector.end();
    this.#samples.fill(0);
    this.#blocks.wipe();
    this.#window.wipe();
    this.#detector.wipe();
  }

  #look(): void {
    this.#filled = 0;
    for (let start = 0; start < STEP; start += BLOCK) this.#blocks.push(this.#samples, start);
    this.#window.update();
    this.#detector.next();
  }
}
