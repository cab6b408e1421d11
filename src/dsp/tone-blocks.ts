import { BAND_PASS_STATE, LINE_STATE, bandPass, takeHumOut } from './band-pass.js';
import { GROUP, TONES, toneHz } from './keypad.js';
import { MULAW_DECODE, SAMPLE_RATE } from './mulaw.js';

/** Samples of a block: 2.5 ms, the step in which the audio is looked at. */
export const BLOCK = 20;

/** Blocks that are remembered: 20 ms. */
const KEPT = 8;

/** Every tone is a whole number of hertz, so that its phase at the start of a block repeats after 400 blocks (1 s). */
const PHASES = SAMPLE_RATE / BLOCK;

const cosine = (hz: number, n: number): number => Math.cos((2 * Math.PI * hz * n) / SAMPLE_RATE);
const sine = (hz: number, n: number): number => Math.sin((2 * Math.PI * hz * n) / SAMPLE_RATE);

/** Tone by tone, the waves over one block, and the phase at the start of each block of a second. */
const COS = Float64Array.from({ length: TONES * BLOCK }, (_, i) => cosine(toneHz(i / BLOCK), i % BLOCK));
const SIN = Float64Array.from({ length: TONES * BLOCK }, (_, i) => sine(toneHz(i / BLOCK), i % BLOCK));
const START_COS = Float64Array.from({ length: TONES * PHASES }, (_, i) =>
  cosine(toneHz(i / PHASES), (i % PHASES) * BLOCK),
);
const START_SIN = Float64Array.from({ length: TONES * PHASES }, (_, i) =>
  sine(toneHz(i / PHASES), (i % PHASES) * BLOCK),
);

/**
 * The last blocks of a µ-law stream, each as its correlation with the eight tones (after the band-pass) and its
 * energy before and after it, hum taken out. Phases are those of one wave that runs through all blocks: a tone of exactly its frequency keeps its phase.
 */
export class ToneBlocks {
  readonly #line = new Float64Array(LINE_STATE);
  readonly #filter = new Float64Array(BAND_PASS_STATE);
  readonly #samples = new Float64Array(BLOCK);
  readonly #re = new Float64Array(KEPT * TONES);
  readonly #im = new Float64Array(KEPT * TONES);
  readonly #whole = new Float64Array(16);
  readonly #inBand = new Float64Array(16);
  #count = 0;

  /** Takes in the block of `mulaw` that begins at `start`. */
  push(mulaw: Uint8Array, start: number): void {
    const samples = this.#samples;
    for (let n = 0; n < BLOCK; n++) samples[n] = MULAW_DECODE[mulaw[start + n] ?? 0] ?? 0;
    const slot = this.#count & (KEPT - 1);
    takeHumOut(samples, this.#line);
    keepEnergy(samples, this.#whole, slot);
    bandPass(samples, this.#filter);
    keepEnergy(samples, this.#inBand, slot);
    for (let row = 0; row < GROUP; row++) this.#correlate(row, slot);
    this.#count++;
  }

  /** With a tone of each group: four sums that don't wait for each other. */
  #correlate(row: number, slot: number): void {
    const samples = this.#samples;
    const low = row * BLOCK;
    const high = (row + GROUP) * BLOCK;
    let lowRe = 0;
    let lowIm = 0;
    let highRe = 0;
    let highIm = 0;
    for (let n = 0; n < BLOCK; n++) {
      const x = samples[n] ?? 0;
      lowRe += x * (COS[low + n] ?? 0);
      lowIm -= x * (SIN[low + n] ?? 0);
      highRe += x * (COS[high + n] ?? 0);
      highIm -= x * (SIN[high + n] ?? 0);
    }
    this.#keep(row, slot, lowRe, lowIm);
    this.#keep(row + GROUP, slot, highRe, highIm);
  }

  /** Turns a correlation to the phase of the wave that runs through all blocks. */
  #keep(tone: number, slot: number, re: number, im: number): void {
    const start = tone * PHASES + (this.#count % PHASES);
    const cos = START_COS[start] ?? 0;
    const sin = START_SIN[start] ?? 0;
    this.#re[slot * TONES + tone] = re * cos + im * sin;
    this.#im[slot * TONES + tone] = im * cos - re * sin;
  }

  /** Real part of the correlation with `tone`, `ago` blocks back (0 is the newest). */
  re(tone: number, ago: number): number {
    return this.#re[this.#slot(ago) * TONES + tone] ?? 0;
  }

  im(tone: number, ago: number): number {
    return this.#im[this.#slot(ago) * TONES + tone] ?? 0;
  }

  /** Energy of the block, `ago` blocks back. */
  whole(ago: number): number {
    return this.#whole[this.#slot(ago)] ?? 0;
  }

  /** Energy that the band-pass left of it. */
  inBand(ago: number): number {
    return this.#inBand[this.#slot(ago)] ?? 0;
  }

  #slot(ago: number): number {
    return (this.#count - 1 - ago) & (KEPT - 1);
  }

  wipe(): void {
    for (const held of [
      this.#line,
      this.#filter,
      this.#samples,
      this.#re,
      this.#im,
      this.#whole,
      this.#inBand,
    ])
      held.fill(0);
  }
}

/** Writes it where it is kept: a double that is given back is garbage. */
function keepEnergy(samples: Float64Array, into: Float64Array, slot: number): void {
  let energy = 0;
  for (let n = 0; n < samples.length; n++) energy += (samples[n] ?? 0) ** 2;
  into[slot] = energy;
}
