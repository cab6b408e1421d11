import { toneHz } from './keypad.js';
import { SAMPLE_RATE } from './mulaw.js';

/** Samples from one window of the detector to the next: 5 ms. */
export const STEP = 40;

/** One tone of a press, followed from window to window. */
export class ToneEvidence {
  tone = 0;
  /** Energy in the window before the press, and the most in one of its windows. */
  before = 0;
  most = 0;
  /** Energies of all its windows together, and their roots. */
  sum = 0;
  #roots = 0;
  #windows = 0;
  /** Turn of the phase from window to window, summed as vectors, and how long the sum would be were all alike. */
  #turnRe = 0;
  #turnIm = 0;
  #turnLength = 0;

  begin(tone: number, before: number): void {
    this.tone = tone;
    this.before = before;
    this.most = 0;
    this.sum = 0;
    this.#roots = 0;
    this.#windows = 0;
    this.#turnRe = 0;
    this.#turnIm = 0;
    this.#turnLength = 0;
  }

  add(energy: number): void {
    this.#windows++;
    this.sum += energy;
    this.#roots += Math.sqrt(energy);
    if (energy > this.most) this.most = energy;
  }

  turn(re: number, im: number, wasRe: number, wasIm: number): void {
    this.#turnRe += re * wasRe + im * wasIm;
    this.#turnIm += im * wasRe - re * wasIm;
    this.#turnLength += Math.sqrt((re * re + im * im) * (wasRe * wasRe + wasIm * wasIm));
  }

  /** How much of its greatest amplitude it has on the whole, 0–1. */
  get steadiness(): number {
    return this.#roots / (this.#windows * Math.sqrt(this.most));
  }

  /** How far it is off its frequency, as a share of it. */
  get detune(): number {
    const turn = Math.atan2(this.#turnIm, this.#turnRe);
    return Math.abs((turn * SAMPLE_RATE) / (2 * Math.PI * STEP)) / toneHz(this.tone);
  }

  /** How far its phase is from turning evenly, 0–1. */
  get unevenness(): number {
    return 1 - Math.hypot(this.#turnRe, this.#turnIm) / (this.#turnLength + 1e-9);
  }
}
