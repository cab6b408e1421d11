import { SAMPLE_RATE } from './mulaw.js';

/** A section of a filter: b0, b1, b2 over 1, a1, a2. */
interface Section {
  readonly b0: number;
  readonly b1: number;
  readonly b2: number;
  readonly a1: number;
  readonly a2: number;
}

/** First order, gain 1 at half the sample rate (bilinear transform). */
function firstHighPass(hz: number): Section {
  const angle = Math.tan((Math.PI * hz) / SAMPLE_RATE);
  const gain = 1 / (1 + angle);
  return { b0: gain, b1: -gain, b2: 0, a1: (angle - 1) * gain, a2: 0 };
}

/** Zeros on the unit circle at `nullHz`, poles at `hz`; gain 1 at half the sample rate. */
function highPass(hz: number, q: number, nullHz: number): Section {
  const { a1, a2 } = poles(hz, q);
  const middle = -2 * Math.cos((2 * Math.PI * nullHz) / SAMPLE_RATE);
  const gain = (1 - a1 + a2) / (2 - middle);
  return { b0: gain, b1: middle * gain, b2: gain, a1, a2 };
}

/** Gain 1 at 0 Hz. */
function lowPass(hz: number, q: number): Section {
  const { a1, a2 } = poles(hz, q);
  const gain = (1 + a1 + a2) / 4;
  return { b0: gain, b1: 2 * gain, b2: gain, a1, a2 };
}

/** After R. Bristow-Johnson's "Cookbook formulae for audio EQ biquad filter coefficients". */
function poles(hz: number, q: number): { readonly a1: number; readonly a2: number } {
  const angle = (2 * Math.PI * hz) / SAMPLE_RATE;
  const alpha = Math.sin(angle) / (2 * q);
  return { a1: (-2 * Math.cos(angle)) / (1 + alpha), a2: (1 - alpha) / (1 + alpha) };
}

/** Hum and an offset are no evidence of anything: telephone speech begins at 300 Hz. */
const LINE = firstHighPass(250);

/**
 * Keeps the band of the keypad's tones: most of a voice lies beside it. The null takes out dial tones, which are
 * 350 and 440 Hz or 425 Hz (ITU-T E.180).
 */
const HIGH_PASS = highPass(620, 1, 395);
const LOW_PASS = lowPass(1850, 0.9);

/** Power gain of one section at `hz`. */
function sectionGain({ b0, b1, b2, a1, a2 }: Section, hz: number): number {
  const w = (2 * Math.PI * hz) / SAMPLE_RATE;
  const power = (c0: number, c1: number, c2: number): number =>
    (c0 + c1 * Math.cos(w) + c2 * Math.cos(2 * w)) ** 2 + (c1 * Math.sin(w) + c2 * Math.sin(2 * w)) ** 2;
  return power(b0, b1, b2) / power(1, a1, a2);
}

/** Power gain of the band-pass at `hz`. */
export function bandPassGain(hz: number): number {
  return sectionGain(HIGH_PASS, hz) * sectionGain(LOW_PASS, hz);
}

/** Two delays a section, in buffers that a wipe reaches. */
export const BAND_PASS_STATE = 16;
export const LINE_STATE = 16;

// As plain numbers: read from an object sample by sample they would be boxed anew each time.
const { b0: B0, b1: B1, b2: B2, a1: A1, a2: A2 } = HIGH_PASS;
const { b0: D0, b1: D1, b2: D2, a1: C1, a2: C2 } = LOW_PASS;
const { b0: L0, a1: L1 } = LINE;

/** Takes hum and offset out of `samples`, in place; `state` (of `LINE_STATE` numbers) goes on from call to call. */
export function takeHumOut(samples: Float64Array, state: Float64Array): void {
  let z = state[0] ?? 0;
  for (let n = 0; n < samples.length; n++) {
    const x = samples[n] ?? 0;
    const y = L0 * x + z;
    z = -L0 * x - L1 * y;
    samples[n] = y;
  }
  state[0] = z;
}

/**
 * Filters `samples` in place; `state` (of `BAND_PASS_STATE` numbers) goes on from call to call. Both sections in one
 * pass: each waits for its own last sample only.
 */
export function bandPass(samples: Float64Array, state: Float64Array): void {
  let z1 = state[0] ?? 0;
  let z2 = state[1] ?? 0;
  let z3 = state[2] ?? 0;
  let z4 = state[3] ?? 0;
  for (let n = 0; n < samples.length; n++) {
    const x = samples[n] ?? 0;
    const y = B0 * x + z1;
    z1 = B1 * x - A1 * y + z2;
    z2 = B2 * x - A2 * y;
    const out = D0 * y + z3;
    z3 = D1 * y - C1 * out + z4;
    z4 = D2 * y - C2 * out;
    samples[n] = out;
  }
  state[0] = z1;
  state[1] = z2;
  state[2] = z3;
  state[3] = z4;
}
