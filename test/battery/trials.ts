import { toMulaw } from '../../src/dsp/tone.js';
import type { Random } from '../support/random.js';
import type { Effort, Point } from './figure.js';
import { lineOf, type Line, type Stimulus } from './line.js';
import type { Receiver } from './receiver.js';
import { score, type Score } from './score.js';

/** Presses at one point of a curve: at both, every sample of a step of 5 ms is where one begins. */
export const TRIALS: Readonly<Record<Effort, number>> = { small: 40, full: 160 };

/** Between presses of which each stands for itself, ms. */
export const APART = 100;

/** Before the first press, ms: whoever dials has heard the dial tone. */
const LEAD = 1000;

/** A usual press: 50 ms, each tone at −10 dBm0. */
export const USUAL = { length: 50, level: -10, pause: APART } as const;

export function hear(receiver: Receiver, line: Line): Score {
  return score(line, receiver(toMulaw(line.samples)));
}

/** Presses of the sixteen keys in turn, all alike, on a line to which `spoil` adds what else is on it. */
export function trial(
  receiver: Receiver,
  at: number,
  stimulus: Omit<Stimulus, 'key'> & { readonly keys?: readonly number[] },
  count: number,
  random: Random,
  spoil?: (line: Line) => void,
): Point {
  const keys = stimulus.keys ?? ALL_KEYS;
  const stimuli = Array.from({ length: count }, (_, n) => ({
    ...stimulus,
    key: keys[n % keys.length] ?? 0,
    pause: n === 0 ? LEAD : stimulus.pause,
  }));
  const line = lineOf(stimuli, random);
  spoil?.(line);
  const { right, extra } = hear(receiver, line);
  return { at, right: Math.max(0, right - extra), of: count };
}

export const ALL_KEYS: readonly number[] = Array.from({ length: 16 }, (_, key) => key);
