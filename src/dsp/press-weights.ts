import { columnsOf } from './evidence-score.js';

/**
 * What tells a press from a voice, and the weight of each and of its square: a logistic regression of 12,700 made keys
 * (clean, off frequency, twisted, cut in two, over noise, voices, a dial tone, an echo or a third tone, through AMR,
 * GSM and G.729) against the stretches that are nearest to a key in 32 h of recorded voices and 12 h of music: prompts
 * (Debian's asterisk-prompt-es-co and -it-menardi), children's programs (klettres-data, ktuberling-data) and games
 * (wesnoth, hyperrogue, pathological, frozen-bubble, asc, unknown-horizons, freedroidrpg), as they are and sped,
 * slowed, shifted, overdriven and filtered. What they give on voices that they were not made from: `docs/dtmf.md`.
 */
const WEIGHTS = {
  clear: [0.551, -0.0118], // dB that the rest of the band is under the two tones
  'clear of all': [2.04, -0.0752], // and the rest of all that there is but the background
  'low steadiness': [5.86, 2.63], // 0–1: a voice swells and fades
  'high steadiness': [-21.6, 18],
  twist: [-0.015, -0.0214], // dB
  flicker: [-1.57, 0.203], // dB by which the twist goes up and down: a voice's tones aren't of one source
  'low detune': [3.48, -2.29], // %: a voice's harmonics lie anywhere
  'high detune': [0.214, -1.12],
  'low evenness': [0.363, -0.00379], // dB: a voice's phase doesn't turn evenly
  'high evenness': [0.299, -0.00605],
  'low before': [-4.01, -2.33], // share of the window before that the tone filled: a voice's grows out of another
  'high before': [3.82, -7.88],
} as const;

/** The order of the evidence. */
export type PressEvidenceName = keyof typeof WEIGHTS;
export const PRESS_EVIDENCE = Object.keys(WEIGHTS) as readonly PressEvidenceName[];

export const PRESS_WEIGHTS = columnsOf(WEIGHTS, PRESS_EVIDENCE);

/** The sum from which on a press is certain. */
export const PRESS_CERTAIN = 21.9;
