import { EVIDENCE, type EvidenceName } from './key-evidence.js';

export interface SuspicionWeights {
  /** For each piece of evidence, and for its square; in the order of `EVIDENCE`. */
  readonly linear: Float64Array;
  readonly square: Float64Array;
  /** The sum from which on the caller is covered, without and with an open field. */
  readonly closed: number;
  readonly open: number;
}

type Table = Readonly<Record<EvidenceName, readonly [linear: number, square: number]>>;

/**
 * Logistic regressions: of each made key (15–300 ms, −45…−3 dBm0, twist to ±12 dB, ±1.5 %; on a quiet line, over noise,
 * dial tone, hum, an offset, voices and music 12 and 6 dB under it) the most suspicious window that ends before its
 * first sample goes out, and of each 15 ms of its length, against the windows nearest to a key in 11 h of voices and
 * music. `docs/guard.md` names the recordings.
 */
const WINDOW_OF_15_MS: Table = {
  clear: [1.02, -0.0188],
  'clear of all': [1.09, -0.0347],
  'long clear': [-1.21, 0.0391],
  'long clear of all': [0.113, -0.00231],
  twist: [-0.00428, -0.0156],
  level: [0.308, 0.00327],
  'low detune': [-1.54, 0.0203],
  'high detune': [-0.665, -0.265],
  'low peak': [0.00476, -0.00854],
  'high peak': [-0.016, 0.00745],
  'high purity': [0.0384, 0.00777],
  'low rise': [0.063, 0.00617],
  'high rise': [0.107, 0.00409],
  'rise of all': [-0.091, 0.0273],
  'rest of all': [0.023, -0.0252],
  rest: [0.063, -0.00629],
};

const WINDOW_OF_10_MS: Table = {
  clear: [0.877, -0.0172],
  'clear of all': [0.898, -0.0308],
  'long clear': [-1.23, 0.0425],
  'long clear of all': [0.172, -0.00376],
  twist: [-0.00356, -0.0146],
  level: [0.288, 0.00336],
  'low detune': [-1.73, 0.23],
  'high detune': [-0.697, 0.0117],
  'low peak': [0.349, -0.0772],
  'high peak': [0.19, -0.00435],
  'high purity': [-0.155, 0.0146],
  'low rise': [0.158, 0.00131],
  'high rise': [0.181, 0.000439],
  'rise of all': [0.0441, 0.0108],
  'rest of all': [0.0356, -0.00802],
  rest: [0.0563, -0.00634],
};

/** By the hold-back in ms. 15 ms leave a window of 10 ms; 40 ms give a key time to be suspected later. */
export const SUSPICION_WEIGHTS: Readonly<Record<15 | 20 | 40, SuspicionWeights>> = {
  15: { ...columnsOf(WINDOW_OF_10_MS), closed: 6.67, open: 2.57 },
  20: { ...columnsOf(WINDOW_OF_15_MS), closed: 6.35, open: 1.45 },
  40: { ...columnsOf(WINDOW_OF_15_MS), closed: 6.85, open: 2.35 },
};

function columnsOf(table: Table): Pick<SuspicionWeights, 'linear' | 'square'> {
  return {
    linear: Float64Array.from(EVIDENCE, (name) => table[name][0]),
    square: Float64Array.from(EVIDENCE, (name) => table[name][1]),
  };
}
