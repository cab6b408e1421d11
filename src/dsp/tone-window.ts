import { bandPassGain } from './band-pass.js';
import { GROUP, TONES, toneHz } from './keypad.js';
import { SAMPLE_RATE, dbm0Of } from './mulaw.js';
import { BLOCK, type ToneBlocks } from './tone-blocks.js';

/**
 * Each tone is looked for at its frequency and this far to both sides (as a share of it): together they lose 0.3 dB
 * at most on a tone that is 1.8 % off, the worst that Q.23 lets a telephone send.
 */
const ASIDE = 0.012;

/** What the band-pass leaves of each tone's power: it is given back. */
export const TONE_GAIN = Float64Array.from({ length: TONES }, (_, tone) => bandPassGain(toneHz(tone)));

const { log10, max } = Math;

/** 10 or 15 ms. */
export type WindowBlocks = 4 | 6;

/** The newest blocks seen as one window. Energies are sums of squares over the window, in 16-bit units. */
export class ToneWindow {
  /** Energy that each tone explains. */
  readonly energy = new Float64Array(16);
  /** The tone that explains most in each group: 0–3 and 4–7. */
  row = 0;
  column = GROUP;
  /** Energy of those two. */
  pair = 0;
  /** Energy of the window, and what the band-pass left of it. */
  whole = 0;
  inBand = 0;
  /** The part of `inBand` that the pair explains. */
  explained = 0;
  /** Share of the energy in the band that the pair leaves unexplained. */
  rest = 1;
  /** Level of the best column over the best row, dB. */
  twist = 0;
  /** Correlation with each tone at its own frequency. */
  readonly re = new Float64Array(16);
  readonly im = new Float64Array(16);
  /** Length of the window in blocks, and in samples. */
  readonly blocks: WindowBlocks;
  readonly length: number;
  readonly #source: ToneBlocks;
  /** Block by block and tone by tone, the turn from a tone's frequency to the one aside. */
  readonly #cos: Float64Array;
  readonly #sin: Float64Array;

  constructor(source: ToneBlocks, blocks: WindowBlocks) {
    const turn = (i: number): number =>
      ((2 * Math.PI * ASIDE * toneHz(i % TONES) * BLOCK) / SAMPLE_RATE) *
      (Math.floor(i / TONES) - (blocks - 1) / 2);
    this.#source = source;
    this.blocks = blocks;
    this.length = blocks * BLOCK;
    this.#cos = Float64Array.from({ length: blocks * TONES }, (_, i) => Math.cos(turn(i)));
    this.#sin = Float64Array.from({ length: blocks * TONES }, (_, i) => Math.sin(turn(i)));
  }

  /** Looks again, after a block came. */
  update(): void {
    this.whole = 0;
    this.inBand = 0;
    for (let ago = 0; ago < this.blocks; ago++) {
      this.whole += this.#source.whole(ago);
      this.inBand += this.#source.inBand(ago);
    }
    for (let tone = 0; tone < TONES; tone++) this.#explain(tone);
    this.row = this.#best(0);
    this.column = this.#best(GROUP);
    this.pair = this.at(this.row) + this.at(this.column);
    this.explained =
      this.at(this.row) * (TONE_GAIN[this.row] ?? 1) + this.at(this.column) * (TONE_GAIN[this.column] ?? 1);
    // Kept in fields: a double that a function gives back is garbage of eight bytes and more, 400 times a second.
    this.rest = restOf(this.explained, this.inBand);
    this.twist = 10 * log10((this.at(this.column) + 1) / (this.at(this.row) + 1));
  }

  at(tone: number): number {
    return this.energy[tone] ?? 0;
  }

  /** Level in dBm0 of a tone that fills the window with that energy. */
  level(energy: number): number {
    return dbm0Of(Math.sqrt((2 * energy) / this.length));
  }

  #explain(tone: number): void {
    let re = 0;
    let im = 0;
    let reCos = 0;
    let reSin = 0;
    let imCos = 0;
    let imSin = 0;
    const source = this.#source;
    const cosines = this.#cos;
    const sines = this.#sin;
    for (let ago = 0; ago < this.blocks; ago++) {
      const x = source.re(tone, ago);
      const y = source.im(tone, ago);
      const cos = cosines[ago * TONES + tone] ?? 0;
      const sin = sines[ago * TONES + tone] ?? 0;
      re += x;
      im += y;
      reCos += x * cos;
      reSin += x * sin;
      imCos += y * cos;
      imSin += y * sin;
    }
    this.re[tone] = re;
    this.im[tone] = im;
    const power = max(
      re * re + im * im,
      (reCos - imSin) ** 2 + (imCos + reSin) ** 2,
      (reCos + imSin) ** 2 + (imCos - reSin) ** 2,
    );
    this.energy[tone] = (2 * power) / (this.length * (TONE_GAIN[tone] ?? 1));
  }

  #best(first: number): number {
    let best = first;
    for (let tone = first + 1; tone < first + GROUP; tone++) if (this.at(tone) > this.at(best)) best = tone;
    return best;
  }

  wipe(): void {
    for (const held of [this.energy, this.re, this.im]) held.fill(0);
    this.row = 0;
    this.column = GROUP;
    this.pair = 0;
    this.whole = 0;
    this.inBand = 0;
    this.explained = 0;
    this.rest = 1;
    this.twist = 0;
  }
}

/** The share of `energy` that is not `explained`, 0–1; all of it where there is none. */
export function restOf(explained: number, energy: number): number {
  return energy > explained ? 1 - explained / energy : energy > 0 ? 0 : 1;
}
