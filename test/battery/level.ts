import { Random } from '../support/random.js';
import { firstNever, grid, lastAlways, type Row } from './figure.js';
import { TRIALS, USUAL, curve, trial } from './trials.js';

/** dBm0, each tone. */
const LEVELS = { small: [0, -3, -10, -20, -25, -30, -35, -40, -45, -50, -55, -60], full: grid(0, -60, 1) };

export const level: Row = {
  name: 'level',
  measure(receiver, { effort, seed }) {
    const random = new Random(seed);
    const levels = curve('level', LEVELS[effort], (dBm0) =>
      trial(receiver, dBm0, { ...USUAL, level: dBm0 }, TRIALS[effort], random),
    );
    return {
      curves: [levels],
      figures: [
        {
          name: 'always down to',
          value: lastAlways(levels.points),
          unit: 'dBm0',
          target: -30,
          better: 'lower',
        },
        { name: 'never from', value: firstNever(levels.points), unit: 'dBm0', target: -55, better: 'higher' },
      ],
    };
  },
};
