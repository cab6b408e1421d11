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
  clear: [0.997, -0.021],
  'clear of all': [0.91, -0.0262],
  'long clear': [-1.02, 0.0371],
  'long clear of all': [0.057, -0.00635],
  twist: [-0.0311, -0.0181],
  level: [0.274, 0.00243],
  'low detune': [-1.65, 0.0318],
  'high detune': [-0.584, -0.304],
  'low peak': [-0.0034, -0.0116],
  'high peak': [-0.0323, 0.00815],
  'high purity': [0.0608, 0.00618],
  'low rise': [0.0451, 0.0072],
  'high rise': [0.0955, 0.00482],
  'rise of all': [-0.0695, 0.0291],
  'rest of all': [0.0543, -0.0246],
  rest: [0.094, -0.00925],
};

const WINDOW_OF_10_MS: Table = {
  clear: [0.97, -0.0225],
  'clear of all': [0.741, -0.0263],
  'long clear': [-1.37, 0.0467],
  'long clear of all': [0.329, -0.00227],
  twist: [-0.0274, -0.0185],
  level: [0.25, 0.00273],
  'low detune': [-1.8, 0.26],
  'high detune': [-0.71, 0.0333],
  'low peak': [0.386, -0.101],
  'high peak': [0.167, -0.00255],
  'high purity': [-0.19, 0.0166],
  'low rise': [0.112, 0.00347],
  'high rise': [0.108, 0.00309],
  'rise of all': [0.0928, 0.0103],
  'rest of all': [0.0367, -0.00846],
  rest: [0.117, -0.00555],
};

/** By the hold-back in ms. 15 ms leave a window of 10 ms; 40 ms give a key time to be suspected later. */
export const SUSPICION_WEIGHTS: Readonly<Record<15 | 20 | 40, SuspicionWeights>> = {
  15: { ...columnsOf(WINDOW_OF_10_MS), closed: 5.98, open: 1.98 },
  20: { ...columnsOf(WINDOW_OF_15_MS), closed: 6.21, open: 1.41 },
  40: { ...columnsOf(WINDOW_OF_15_MS), closed: 6.61, open: 2.11 },
};

function columnsOf(table: Table): Pick<SuspicionWeights, 'linear' | 'square'> {
  return {
    linear: Float64Array.from(EVIDENCE, (name) => table[name][0]),
    square: Float64Array.from(EVIDENCE, (name) => table[name][1]),
  };
}
