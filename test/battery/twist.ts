import { Random } from '../support/random.js';
import { firstNever, grid, lastAlways, type Figure, type Row } from './figure.js';
import { TRIALS, USUAL, trial } from './trials.js';

/** dB */
const TWISTS = { small: [0, 4, 8, 10, 12, 12.5, 14, 16], full: grid(0, 20, 0.5) };

/** The stronger tone as on Mitel's tape: 6 dB from clipping, dBm0. */
const LEVEL = -3;

/** Past 12 dB. */
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
    const ways = WAYS.map(({ sign }) =>
      TWISTS[effort].map((dB) =>
        trial(receiver, sign * dB, { ...USUAL, level: LEVEL, twist: sign * dB }, TRIALS[effort], random),
      ),
    );
    const [normal = [], reverse = []] = ways;
    return {
      curves: [{ name: 'twist', points: [...normal.toReversed(), ...reverse.slice(1)] }],
      figures: WAYS.flatMap(({ name, taken }, way): Figure[] => {
        const points = ways[way] ?? [];
        return [
          {
            name: `${name}, always accepted to`,
            value: size(lastAlways(points)),
            unit: 'dB',
            target: taken,
            better: 'higher',
          },
          {
            name: `${name}, always refused from`,
            value: size(firstNever(points)),
            unit: 'dB',
            target: REFUSED,
            better: 'lower',
          },
        ];
      }),
    };
  },
};

const size = (dB: number | null): number | null => (dB === null ? null : Math.abs(dB));
