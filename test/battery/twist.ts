import { Random } from '../support/random.js';
import { firstNever, grid, lastAlways, type Figure, type Row } from './figure.js';
import { TRIALS, USUAL, curve, trial } from './trials.js';

/** dB */
const TWISTS = { small: [0, 4, 8, 10, 12, 14, 16], full: grid(0, 20, 0.5) };

/** The stronger tone as on Mitel's tape: 6 dB from clipping. */
const LEVEL = -3;

const REFUSED = 12.5;

/** "Normal" has the low tone stronger, "reverse" the high one. AT&T asks for 8 and 4 dB (ITU-T Q.24). */
const WAYS = [
  { name: 'normal', sign: -1, taken: 8 },
  { name: 'reverse', sign: 1, taken: 4 },
] as const;

export const twist: Row = {
  name: 'twist',
  measure(receiver, { effort, seed }) {
    const random = new Random(seed);
    const curves = WAYS.map(({ name, sign }) =>
      curve(name, TWISTS[effort], (dB) =>
        trial(receiver, dB, { ...USUAL, level: LEVEL, twist: sign * dB }, TRIALS[effort], random),
      ),
    );
    return {
      curves,
      figures: WAYS.flatMap(({ name, taken }, way): Figure[] => {
        const points = curves[way]?.points ?? [];
        return [
          {
            name: `${name}, always accepted to`,
            value: lastAlways(points),
            unit: 'dB',
            target: taken,
            better: 'higher',
          },
          {
            name: `${name}, refused from`,
            value: firstNever(points),
            unit: 'dB',
            target: REFUSED,
            better: 'lower',
          },
        ];
      }),
    };
  },
};
