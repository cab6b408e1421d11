import { Random } from '../support/random.js';
import { firstNever, grid, lastAlways, type Row } from './figure.js';
import { TRIALS, USUAL, trial } from './trials.js';

/** ms */
const LENGTHS = { small: [60, 50, 45, 40, 23, 20, 15, 10], full: grid(60, 10, 0.5) };

/** ITU-T Q.24: AT&T asks that 40 ms are taken and 23 ms are not. */
export const duration: Row = {
  name: 'duration',
  measure(receiver, { effort, seed }) {
    const random = new Random(seed);
    const points = LENGTHS[effort].map((length) =>
      trial(receiver, length, { ...USUAL, length }, 2 * TRIALS[effort], random),
    );
    return {
      curves: [{ name: 'duration', points }],
      figures: [
        {
          name: 'never to',
          value: firstNever(points),
          unit: 'ms',
          target: 23,
          better: 'higher',
        },
        {
          name: 'always from',
          value: lastAlways(points),
          unit: 'ms',
          target: 40,
          better: 'lower',
        },
      ],
    };
  },
};
