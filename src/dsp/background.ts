import type { ToneWindow } from './tone-window.js';

/** Steps in a mean: 45 ms, in which a dial tone of 350 and 440 Hz beats four times. */
const MEAN = 9;
/** A background is steady while its mean stays within this factor (1.5 dB), for as many steps: 250 ms. No voice does. */
const SPREAD = 1.4;
const STEADY = 50;
/** Steps that a press may be old when it is first seen: what it did to the mean is not looked at. */
const LAG = 4;

/**
 * What has been on the line for a while, steadily, beside any key: a dial tone, hum, the noise of a car. It is no
 * evidence against a key that begins over it.
 */
export class Background {
  readonly #window: ToneWindow;
  /** Energy beside the pair in the newest windows, and what was steady after each of the last steps. */
  readonly #rest = new Float64Array(16);
  readonly #steady = new Float64Array(16);
  #now = 0;
  #sum = 0;
  #reference = 0;
  #since = 0;

  constructor(window: ToneWindow) {
    this.#window = window;
  }

  /** Takes in the window as it stands, once a step. */
  next(): void {
    const { whole, pair } = this.#window;
    const slot = this.#now % MEAN;
    const rest = whole > pair ? whole - pair : 0;
    this.#sum += rest - (this.#rest[slot] ?? 0);
    this.#rest[slot] = rest;
    if (this.#sum > SPREAD * this.#reference || this.#sum * SPREAD < this.#reference) {
      this.#reference = this.#sum;
      this.#since = this.#now;
    }
    this.#steady[this.#now % LAG] = this.#now - this.#since >= STEADY ? this.#sum / MEAN : 0;
    this.#now++;
  }

  /** Its energy in a window, as it was three steps ago; 0 where it wasn't steady. */
  get energy(): number {
    return this.#steady[this.#now % LAG] ?? 0;
  }

  wipe(): void {
    this.#rest.fill(0);
    this.#steady.fill(0);
    this.#sum = 0;
    this.#reference = 0;
    this.#since = this.#now;
  }
}
