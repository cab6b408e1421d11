import { Random } from '../support/random.js';
import { firstNever, grid, lastAlways, type Row } from './figure.js';
import { TRIALS, USUAL, trial } from './trials.js';

/** dBm0, each tone. */
const LEVELS = { small: [0, -3, -10, -20, -25, -30, -35, -40, -45, -50, -55, -60], full: grid(0, -60, 1) };

export const level: Row = {
  name: 'level',
  measure(receiver, { effort, seed }) {
    const random = new Random(seed);
    const points = LEVELS[effort].map((dBm0) =>
      trial(receiver, dBm0, { ...USUAL, level: dBm0 }, TRIALS[effort], random),
    );
    return {
      curves: [{ name: 'level', points }],
      figures: [
        {
          name: 'always down to',
          value: lastAlways(points),
          unit: 'dBm0',
          target: -30,
          better: 'lower',
        },
        { name: 'never from', value: firstNever(points), unit: 'dBm0', target: -55, better: 'higher' },
      ],
    };
  },
};
