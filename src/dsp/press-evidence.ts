import type { Background } from './background.js';
import { comesTo } from './evidence-score.js';
import { TONES } from './keypad.js';
import { PRESS_CERTAIN, PRESS_WEIGHTS } from './press-weights.js';
import { ToneEvidence } from './tone-evidence.js';
import { restOf, type ToneWindow } from './tone-window.js';

/** Twist that is taken, dB, both ways; measured with 0.5 dB of error at most. ITU-T Q.24 asks for 8 and 4. */
const TWIST_MOST = 11.2;
/** Off frequency by more, and it is no key: Q.24 asks for 1.8 % to be taken and 3.5 % refused. */
const DETUNE_MOST = 0.025;

/** What is beyond these tells no more. */
const CLEAR_MOST = 20; // dB
const FLICKER_MOST = 5; // dB
const EVEN_MOST = 35; // dB
const BEFORE_MOST = 1.2;

/** Something of the background may add to the two tones: so much more of it is excused. */
const BACKGROUND_ROOM = 1.25;

const dB = (ratio: number): number => 10 * Math.log10(ratio);
const under = (share: number, most: number): number => Math.min(-dB(Math.max(share, 1e-9)), most);

/** The tones of one press, followed from window to window, and how sure it is that they are a key's. */
export class PressEvidence {
  readonly low = new ToneEvidence();
  readonly high = new ToneEvidence();
  readonly #window: ToneWindow;
  readonly #background: Background;
  readonly #values = new Float64Array(16);
  /** The window before this one: energy of each tone, and correlations. */
  readonly #energy = new Float64Array(16);
  readonly #re = new Float64Array(16);
  readonly #im = new Float64Array(16);
  /** Windows, and what is summed over them: energies, the twist in dB and its square. */
  #windows = 0;
  #pair = 0;
  #explained = 0;
  #inBand = 0;
  #whole = 0;
  #twist = 0;
  #twist2 = 0;
  /** Energy of the background, in a window. */
  #beside = 0;

  constructor(window: ToneWindow, background: Background) {
    this.#window = window;
    this.#background = background;
  }

  /** A press of the window's two best tones may begin with it. */
  begin(): void {
    const { row, column } = this.#window;
    this.#start(row, column);
    this.#beside = this.#background.energy;
    this.add(false);
  }

  #start(row: number, column: number): void {
    this.low.begin(row, this.#energy[row] ?? 0);
    this.high.begin(column, this.#energy[column] ?? 0);
    this.#windows = 0;
    this.#pair = 0;
    this.#explained = 0;
    this.#inBand = 0;
    this.#whole = 0;
    this.#twist = 0;
    this.#twist2 = 0;
  }

  /** The press goes on in this window; `clear`: so clearly that its phases can be compared with those before. */
  add(clear: boolean): void {
    this.#windows++;
    this.#addTone(this.low, clear);
    this.#addTone(this.high, clear);
    this.#pair += this.#window.pair;
    this.#explained += this.#window.explained;
    this.#inBand += this.#window.inBand;
    this.#whole += this.#window.whole;
    const twist = dB((this.#window.at(this.high.tone) + 1) / (this.#window.at(this.low.tone) + 1));
    this.#twist += twist;
    this.#twist2 += twist * twist;
  }

  #addTone(evidence: ToneEvidence, clear: boolean): void {
    const { tone } = evidence;
    const { re, im } = this.#window;
    evidence.add(this.#window.at(tone));
    if (clear) evidence.turn(re[tone] ?? 0, im[tone] ?? 0, this.#re[tone] ?? 0, this.#im[tone] ?? 0);
  }

  /** Remembers the window as the one before the next. */
  remember(): void {
    for (let tone = 0; tone < TONES; tone++) {
      this.#energy[tone] = this.#window.at(tone);
      this.#re[tone] = this.#window.re[tone] ?? 0;
      this.#im[tone] = this.#window.im[tone] ?? 0;
    }
  }

  /** A key it is, and no voice. */
  get enough(): boolean {
    return (
      Math.abs(this.#twistOfAll()) <= TWIST_MOST &&
      this.low.detune <= DETUNE_MOST &&
      this.high.detune <= DETUNE_MOST &&
      this.#weighsEnough()
    );
  }

  #weighsEnough(): boolean {
    this.#gather();
    return comesTo(PRESS_CERTAIN, this.#values, PRESS_WEIGHTS);
  }

  /** In the order of `PRESS_EVIDENCE`. */
  #gather(): void {
    const { low, high } = this;
    const whole = this.#whole - BACKGROUND_ROOM * this.#windows * this.#beside;
    const values = this.#values;
    values[0] = under(restOf(this.#explained, this.#inBand), CLEAR_MOST);
    values[1] = under(restOf(this.#pair, Math.max(whole, 1)), CLEAR_MOST);
    values[2] = low.steadiness;
    values[3] = high.steadiness;
    values[4] = this.#twistOfAll();
    values[5] = this.#flicker();
    values[6] = 100 * low.detune;
    values[7] = 100 * high.detune;
    values[8] = under(low.unevenness, EVEN_MOST);
    values[9] = under(high.unevenness, EVEN_MOST);
    values[10] = Math.min(Math.sqrt(low.before / low.most), BEFORE_MOST);
    values[11] = Math.min(Math.sqrt(high.before / high.most), BEFORE_MOST);
  }

  #twistOfAll(): number {
    return dB((this.high.sum + 1) / (this.low.sum + 1));
  }

  /** Deviation of the twist from window to window, dB. */
  #flicker(): number {
    const mean = this.#twist / this.#windows;
    const variance = this.#twist2 / this.#windows - mean * mean;
    return Math.min(Math.sqrt(Math.max(variance, 0)), FLICKER_MOST);
  }

  wipe(): void {
    for (const held of [this.#values, this.#energy, this.#re, this.#im]) held.fill(0);
    this.#start(this.low.tone, this.high.tone);
    this.#beside = 0;
  }
}
