import { TONES, toneHz } from './keypad.js';
import { LineFloor } from './line-floor.js';
import { SAMPLE_RATE } from './mulaw.js';
import { BLOCK, type ToneBlocks } from './tone-blocks.js';
import { restOf, TONE_GAIN, type ToneWindow } from './tone-window.js';

/**
 * What tells a key from a voice, in the order of `KeyEvidence.values`. In dB, but the detune, which is in % of the frequency. "Long"
 * is over 5 ms more than the window; "before" is the window 20 ms earlier.
 */
export const EVIDENCE = [
  'clear', // how far the pair stands out of the rest of the band
  'clear of all', // and of all that there is
  'long clear',
  'long clear of all',
  'twist',
  'level', // dBm0 of the pair
  'low detune', // %
  'high detune',
  'low peak', // the tone over what is 4.5 and 7 % beside it
  'high peak',
  'high purity', // the tone over the rest of its surroundings, some 200 Hz
  'low rise', // over before
  'high rise',
  'rise of all',
  'rest of all', // all that was before over what is now beside the pair
  'rest',
] as const;
export type EvidenceName = (typeof EVIDENCE)[number];

/** What is beyond these tells no more. */
const CLEAR_MOST = 20;
const RISE_LEAST = -5;
const RISE_MOST = 20;
const REST_LEAST = -15;
const REST_MOST = 8;
const PEAK_LEAST = -8;
const PEAK_MOST = 12;
const DETUNE_MOST = 5;

/** Windows back to the one "before". */
const BEFORE = 8;
/** Of each of those: the energy at every tone, all of it, and what is in the band. */
const ALL = TONES;
const IN_BAND = TONES + 1;
const KEPT = TONES + 2;

/** Where a key's tone may be, and where it may not: shares of its frequency to both sides. */
const NEAR = [0, 0.012, -0.012] as const;
const PLACES = [...NEAR, 0.045, -0.045, 0.07, -0.07] as const;

/** Tone by tone and place by place, the turn of the phase in one block. */
const TURN = Float64Array.from(
  { length: TONES * PLACES.length },
  (_, i) =>
    (2 * Math.PI * toneHz(i / PLACES.length) * (PLACES[i % PLACES.length] ?? 0) * BLOCK) / SAMPLE_RATE,
);
const COS = TURN.map(Math.cos);
const SIN = TURN.map(Math.sin);

const { abs, atan2, log10, max, min } = Math;

/** The evidence that the newest window holds a key's two tones. */
export class KeyEvidence {
  readonly values = new Float64Array(EVIDENCE.length);
  readonly #blocks: ToneBlocks;
  readonly #window: ToneWindow;
  readonly #longBlocks: number;
  readonly #floor = new LineFloor();
  readonly #before = new Float64Array(BEFORE * KEPT);
  #count = 0;
  /** Energies of the pair over the long window, and what the band-pass left of them. */
  #longPair = 0;
  #longExplained = 0;

  constructor(blocks: ToneBlocks, window: ToneWindow) {
    this.#blocks = blocks;
    this.#window = window;
    this.#longBlocks = window.blocks + 2;
  }

  /** Learns what is steady on the line. */
  learn(): void {
    this.#floor.next(max(0, this.#window.whole - this.#window.inBand));
  }

  /** Keeps what the window shows as what was before others. */
  remember(): void {
    const window = this.#window;
    const slot = (this.#count++ % BEFORE) * KEPT;
    for (let tone = 0; tone < TONES; tone++) this.#before[slot + tone] = window.energy[tone] ?? 0;
    this.#before[slot + ALL] = this.#all();
    this.#before[slot + IN_BAND] = window.inBand;
  }

  /** Weighs up the window. */
  update(): void {
    const { values } = this;
    const { row, column, pair, explained, inBand, twist } = this.#window;
    const all = this.#all();
    values[0] = clear(explained, inBand);
    values[1] = clear(pair, all);
    values[4] = twist;
    values[5] = this.#window.level(pair);
    this.#longPair = 0;
    this.#longExplained = 0;
    this.#tune(row, 6, 8);
    this.#tune(column, 7, 9);
    this.#long();
    values[10] = this.#purity(column);
    const before = (this.#count % BEFORE) * KEPT;
    const allBefore = this.#before[before + ALL] ?? 0;
    values[11] = bounded(over(this.#window.at(row), this.#before[before + row] ?? 0), RISE_LEAST, RISE_MOST);
    values[12] = bounded(
      over(this.#window.at(column), this.#before[before + column] ?? 0),
      RISE_LEAST,
      RISE_MOST,
    );
    values[13] = bounded(over(all, allBefore), RISE_LEAST, RISE_MOST);
    values[14] = bounded(over(allBefore, max(0, all - pair)), REST_LEAST, REST_MOST);
    values[15] = bounded(
      over(this.#before[before + IN_BAND] ?? 0, max(0, inBand - explained)),
      REST_LEAST,
      REST_MOST,
    );
  }

  /** All that there is in the window, but for what is steady beside the band. */
  #all(): number {
    const { whole, inBand } = this.#window;
    return inBand + max(0, whole - inBand - this.#floor.value);
  }

  #long(): void {
    let whole = 0;
    let inBand = 0;
    for (let ago = 0; ago < this.#longBlocks; ago++) {
      whole += this.#blocks.whole(ago);
      inBand += this.#blocks.inBand(ago);
    }
    this.values[2] = clear(this.#longExplained, inBand);
    const floor = (this.#floor.value * this.#longBlocks) / this.#window.blocks;
    this.values[3] = clear(this.#longPair, inBand + max(0, whole - inBand - floor));
  }

  /** Detune and peak of a tone: the turn of its phase from half to half, and its energy here and beside. */
  #tune(tone: number, detuneAt: number, peakAt: number): void {
    const blocks = this.#longBlocks;
    let near = 0;
    let far = 0;
    for (let place = 0; place < PLACES.length; place++) {
      const cos = COS[tone * PLACES.length + place] ?? 0;
      const sin = SIN[tone * PLACES.length + place] ?? 0;
      let re = 0;
      let im = 0;
      for (let ago = blocks - 1; ago >= 0; ago--) {
        const turned = re * cos + im * sin;
        im = im * cos - re * sin + this.#blocks.im(tone, ago);
        re = turned + this.#blocks.re(tone, ago);
      }
      const power = re * re + im * im;
      if (place < NEAR.length) near = max(near, power);
      else far = max(far, power);
    }
    const explained = (2 * near) / (blocks * BLOCK);
    this.#longExplained += explained;
    this.#longPair += explained / (TONE_GAIN[tone] ?? 1);
    this.values[peakAt] = bounded(over(near, far), PEAK_LEAST, PEAK_MOST);
    this.values[detuneAt] = min(this.#detune(tone), DETUNE_MOST);
  }

  #detune(tone: number): number {
    const half = this.#longBlocks / 2;
    let re = 0;
    let im = 0;
    let wasRe = 0;
    let wasIm = 0;
    for (let ago = 0; ago < half; ago++) {
      re += this.#blocks.re(tone, ago);
      im += this.#blocks.im(tone, ago);
      wasRe += this.#blocks.re(tone, ago + half);
      wasIm += this.#blocks.im(tone, ago + half);
    }
    const turn = atan2(im * wasRe - re * wasIm, re * wasRe + im * wasIm);
    return (100 * abs(turn) * SAMPLE_RATE) / (2 * Math.PI * half * BLOCK * toneHz(tone));
  }

  #purity(tone: number): number {
    let energy = 0;
    const { blocks } = this.#window;
    for (let ago = 0; ago < blocks; ago++)
      energy += this.#blocks.re(tone, ago) ** 2 + this.#blocks.im(tone, ago) ** 2;
    return clear((this.#window.at(tone) * (TONE_GAIN[tone] ?? 1) * BLOCK) / 2, energy);
  }

  /** What came before is not known: whatever stands there now counts as risen. */
  forget(): void {
    this.#before.fill(0);
    this.#floor.wipe();
  }

  wipe(): void {
    this.forget();
    this.values.fill(0);
  }
}

/** How far `part` stands out of the rest of `energy`, dB. */
function clear(part: number, energy: number): number {
  return min(-10 * log10(max(restOf(part, energy), 1e-9)), CLEAR_MOST);
}

/** dB; energies are in 16-bit units, so that 1 is nothing. */
function over(energy: number, other: number): number {
  return 10 * log10((energy + 1) / (other + 1));
}

function bounded(value: number, least: number, most: number): number {
  return max(least, min(value, most));
}
