import { Guard, type GuardListener, type GuardOptions } from '../dsp/guard.js';
import type { KeyCell } from '../secret.js';
import { DigitMerger } from './digit-merger.js';

const SAMPLES_PER_MS = 8;

/**
 * The caller's keys: the guard hears them in the audio, the carrier tells of them, and each press counts once, whichever
 * comes first. `pressed` is told, with the key in the cell until it returns.
 */
export class Keypad implements GuardListener {
  readonly guard: Guard;
  readonly #merger = new DigitMerger();
  readonly #pressed: (cell: KeyCell, source: 'tone' | 'event') => void;

  constructor(options: GuardOptions, pressed: (cell: KeyCell, source: 'tone' | 'event') => void) {
    this.guard = new Guard(options, this);
    this.#pressed = pressed;
  }

  /** From the guard: a press is confirmed in the audio. */
  press(cell: KeyCell, onset: number): void {
    if (this.#merger.tone(cell, onset / SAMPLES_PER_MS)) this.#count(cell, 'tone');
  }

  /** From the carrier: it says that the caller pressed a key. */
  event(cell: KeyCell): void {
    this.guard.cover();
    if (this.#merger.event(cell, this.guard.position / SAMPLES_PER_MS)) this.#count(cell, 'event');
  }

  /** Nothing stays of what was pressed. */
  forget(): void {
    this.#merger.forget();
  }

  #count(cell: KeyCell, source: 'tone' | 'event'): void {
    this.guard.beep();
    this.#pressed(cell, source);
  }
}
