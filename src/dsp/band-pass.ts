import { SAMPLE_RATE } from './mulaw.js';

/** A second-order section: b0, b1, b2 over 1, a1, a2. */
type Section = readonly [b0: number, b1: number, b2: number, a1: number, a2: number];

/** Zeros on the unit circle at `nullHz`, poles at `hz`; gain 1 at half the sample rate. */
function highPass(hz: number, q: number, nullHz: number): Section {
  const { a1, a2 } = poles(hz, q);
  const middle = -2 * Math.cos((2 * Math.PI * nullHz) / SAMPLE_RATE);
  const gain = (1 - a1 + a2) / (2 - middle);
  return [gain, middle * gain, gain, a1, a2];
}

/** Gain 1 at 0 Hz. */
function lowPass(hz: number, q: number): Section {
  const { a1, a2 } = poles(hz, q);
  const gain = (1 + a1 + a2) / 4;
  return [gain, 2 * gain, gain, a1, a2];
}

/** After R. Bristow-Johnson's "Cookbook formulae for audio EQ biquad filter coefficients". */
function poles(hz: number, q: number): { readonly a1: number; readonly a2: number } {
  const angle = (2 * Math.PI * hz) / SAMPLE_RATE;
  const alpha = Math.sin(angle) / (2 * q);
  return { a1: (-2 * Math.cos(angle)) / (1 + alpha), a2: (1 - alpha) / (1 + alpha) };
}

/**
 * Keeps the band of the keypad's tones: most of a voice lies beside it. The null takes out dial tones, which are
 * 350 and 440 Hz or 425 Hz (ITU-T E.180).
 */
const HIGH_PASS = highPass(620, 1, 395);
const LOW_PASS = lowPass(1850, 0.9);

/** Power gain of one section at `hz`. */
function sectionGain([b0, b1, b2, a1, a2]: Section, hz: number): number {
  const w = (2 * Math.PI * hz) / SAMPLE_RATE;
  const power = (c0: number, c1: number, c2: number): number =>
    (c0 + c1 * Math.cos(w) + c2 * Math.cos(2 * w)) ** 2 + (c1 * Math.sin(w) + c2 * Math.sin(2 * w)) ** 2;
  return power(b0, b1, b2) / power(1, a1, a2);
}

/** Power gain of the band-pass at `hz`. */
export function bandPassGain(hz: number): number {
  return sectionGain(HIGH_PASS, hz) * sectionGain(LOW_PASS, hz);
}

/** Two delays a section, in a buffer that a wipe reaches. */
export const BAND_PASS_STATE = 16;

/**
 * Filters `samples` in place; `state` (of `BAND_PASS_STATE` numbers) goes on from call to call. Both sections in one
 * pass: each waits for its own last sample only.
 */
export function bandPass(samples: Float64Array, state: Float64Array): void {
  const [b0, b1, b2, a1, a2] = HIGH_PASS;
  const [d0, d1, d2, c1, c2] = LOW_PASS;
  let z1 = state[0] ?? 0;
  let z2 = state[1] ?? 0;
  let z3 = state[2] ?? 0;
  let z4 = state[3] ?? 0;
  for (let n = 0; n < samples.length; n++) {
    const x = samples[n] ?? 0;
    const y = b0 * x + z1;
    z1 = b1 * x - a1 * y + z2;
    z2 = b2 * x - a2 * y;
    const out = d0 * y + z3;
    z3 = d1 * y - c1 * out + z4;
    z4 = d2 * y - c2 * out;
    samples[n] = out;
  }
  state[0] = z1;
  state[1] = z2;
  state[2] = z3;
  state[3] = z4;
}
