import { GROUP, HIGH_HZ, LOW_HZ } from './keypad.js';
import { AMPLITUDE_0DBM0, MULAW_DECODE, SAMPLE_RATE } from './mulaw.js';
import { PRODUCTS, TwoSines } from './two-sines.js';

/** The audio is looked at every 5 ms, in windows of 20 ms. */
const STEP = (5 * SAMPLE_RATE) / 1000;
const STEPS = 4;

/** So many windows in a row must say the same. */
const WINDOWS = 3;

/** What a window of a key is, with noise 20 dB under it and a telephone's twist. */
const REST_MOST = 0.02;
const DETUNE_MOST = 0.02;
const TWIST_MOST = 12; // dB
const LEVEL_LEAST = -50; // dBm0, both tones together
/** From window to window a voice glides and a chord swells; a key stands. */
const DRIFT_MOST = 0.006;
const SWELL_MOST = 1.5; // dB

/** y goes back 8 samples, and is made of x 4 samples apart (see `TwoSines`). */
const LAGS = 8;
const SPACING = 4;

const NOWHERE = -1;
const POWER_LEAST = (AMPLITUDE_0DBM0 ** 2 / 2) * 10 ** (LEVEL_LEAST / 10);
const TWIST_RATIO = 10 ** (TWIST_MOST / 10);
const SWELL_RATIO = 10 ** (SWELL_MOST / 10);

/**
 * Listens to what goes to the agent, for keys that the guard let through: clear ones of 40 ms and more, found within
 * 40 ms of their onset. It works by linear prediction and has nothing in common with the guard but the tables of the
 * codec and the keypad, so that one mistake can't be in both.
 */
export class Tripwire {
  /** x of a step, and what came before that y needs; and y likewise. */
  readonly #x = new Float64Array(SPACING + STEP);
  readonly #y = new Float64Array(LAGS + STEP);
  /** Sums of products, step by step, and their means over the window. */
  readonly #sums = new Float64Array(STEPS * PRODUCTS);
  readonly #means = new Float64Array(16);
  readonly #sines = new TwoSines();
  #filled = 0;
  #step = 0;
  /** Row and column of the last window as one number, and how many windows in a row said so. */
  #place = NOWHERE;
  #agreed = 0;

  /** Takes in µ-law audio of any length. True when a key is heard in it. */
  hears(mulaw: Uint8Array): boolean {
    let heard = false;
    for (let done = 0; done < mulaw.length;) {
      const taken = Math.min(STEP - this.#filled, mulaw.length - done);
      const start = SPACING + this.#filled;
      for (let n = 0; n < taken; n++) this.#x[start + n] = MULAW_DECODE[mulaw[done + n] ?? 0] ?? 0;
      done += taken;
      this.#filled += taken;
      if (this.#filled === STEP && this.#look()) heard = true;
    }
    return heard;
  }

  #look(): boolean {
    this.#filled = 0;
    this.#multiply();
    const before = this.#place;
    const { low, high, lowPower, highPower } = this.#sines;
    this.#place = this.#judge();
    if (this.#place === NOWHERE) this.#agreed = 0;
    else if (this.#place === before && this.#stand(low, high, lowPower, highPower)) this.#agreed++;
    else this.#agreed = 1;
    return this.#agreed >= WINDOWS;
  }

  /** Products of the newest step, and their means over the window. */
  #multiply(): void {
    const x = this.#x;
    const y = this.#y;
    for (let n = 0; n < STEP; n++) y[LAGS + n] = (x[SPACING + n] ?? 0) - (x[n] ?? 0);
    let ww = 0;
    let wp = 0;
    let wq = 0;
    let pp = 0;
    let pq = 0;
    let qq = 0;
    let neighbours = 0;
    for (let n = 0; n < STEP; n++) {
      const q = y[n + 4] ?? 0;
      const p = (y[n + 2] ?? 0) + (y[n + 6] ?? 0);
      const w = (y[n] ?? 0) + q + (y[n + LAGS] ?? 0);
      ww += w * w;
      wp += w * p;
      wq += w * q;
      pp += p * p;
      pq += p * q;
      qq += q * q;
      neighbours += q * (y[n + 5] ?? 0);
    }
    x.copyWithin(0, STEP);
    y.copyWithin(0, STEP);
    const at = this.#step * PRODUCTS;
    const sums = this.#sums;
    sums[at] = ww;
    sums[at + 1] = wp;
    sums[at + 2] = wq;
    sums[at + 3] = pp;
    sums[at + 4] = pq;
    sums[at + 5] = qq;
    sums[at + 6] = neighbours;
    this.#step = (this.#step + 1) % STEPS;
    for (let i = 0; i < PRODUCTS; i++) {
      let sum = 0;
      for (let step = i; step < sums.length; step += PRODUCTS) sum += sums[step] ?? 0;
      this.#means[i] = sum / (STEPS * STEP);
    }
  }

  /** The place on the keypad of the two sines that fill the window. */
  #judge(): number {
    const sines = this.#sines;
    if (!sines.fit(this.#means, REST_MOST)) return NOWHERE;
    const { lowPower, highPower } = sines;
    if (lowPower + highPower < POWER_LEAST) return NOWHERE;
    if (!within(TWIST_RATIO, lowPower, highPower)) return NOWHERE;
    const row = nearest(LOW_HZ, sines.low);
    const column = nearest(HIGH_HZ, sines.high);
    return row < 0 || column < 0 ? NOWHERE : row * GROUP + column;
  }

  /** Whether the sines are what they were a step ago. */
  #stand(low: number, high: number, lowPower: number, highPower: number): boolean {
    const sines = this.#sines;
    return (
      Math.abs(sines.low - low) <= DRIFT_MOST * low &&
      Math.abs(sines.high - high) <= DRIFT_MOST * high &&
      within(SWELL_RATIO, sines.lowPower, lowPower) &&
      within(SWELL_RATIO, sines.highPower, highPower)
    );
  }

  /** Zeroes everything that held audio. */
  wipe(): void {
    for (const held of [this.#x, this.#y, this.#sums, this.#means]) held.fill(0);
    this.#sines.wipe();
    this.#filled = 0;
    this.#place = NOWHERE;
    this.#agreed = 0;
  }
}

/** Whether neither of two powers is more than `ratio` times the other. */
function within(ratio: number, one: number, other: number): boolean {
  return one <= ratio * other && other <= ratio * one;
}

/** The tone of a group that lies at `hz`; −1 if none does. */
function nearest(group: readonly number[], hz: number): number {
  for (let tone = 0; tone < GROUP; tone++) {
    const tuned = group[tone] ?? 0;
    if (Math.abs(hz - tuned) <= DETUNE_MOST * tuned) return tone;
  }
  return -1;
}
