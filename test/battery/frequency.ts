import { KEY_AT, GROUP, TONES, toneHz } from '../../src/dsp/keypad.js';
import { Random } from '../support/random.js';
import { firstNever, grid, lastAlways, type Curve, type Row } from './figure.js';
import { ALL_KEYS, TRIALS, USUAL, curve, trial } from './trials.js';

/** % of the tone's frequency. */
const OFF = { small: [0, 1, 1.5, 1.8, 3.5, 4, 5], full: grid(0, 6, 0.1) };

/** ITU-T Q.24: NTT asks for 1.8 % to be taken, AT&T for 3.5 % to be refused. */
const TAKEN = 1.8;
const REFUSED = 3.5;

/** One tone off, the other right; and both off as far as they must be taken, in every direction. */
export const frequency: Row = {
  name: 'frequency',
  measure(receiver, { effort, seed }) {
    const random = new Random(seed);
    const offBy = (off: readonly [number, number], keys: readonly number[], at: number) =>
      trial(receiver, at, { ...USUAL, off, keys }, TRIALS[effort], random);
    const curves = Array.from({ length: TONES }, (_, tone) => tone).flatMap((tone): Curve[] =>
      [1, -1].map((sign) =>
        curve(`${toneHz(tone)} Hz, ${sign > 0 ? 'above' : 'below'}`, OFF[effort], (percent) => {
          const off = (sign * percent) / 100;
          return offBy(tone < GROUP ? [off, 0] : [0, off], keysWith(tone), percent);
        }),
      ),
    );
    const both = [1, -1].flatMap((low) =>
      [1, -1].map((high) => offBy([(low * TAKEN) / 100, (high * TAKEN) / 100], ALL_KEYS, TAKEN)),
    );
    const of = both.reduce((sum, point) => sum + point.of, 0);
    return {
      curves,
      figures: [
        {
          name: 'always accepted to',
          value: worst(curves.map(({ points }) => lastAlways(points)), Math.min), // prettier-ignore
          unit: '%',
          target: TAKEN,
          better: 'higher',
        },
        {
          name: 'always refused from',
          value: worst(curves.map(({ points }) => firstNever(points)), Math.max), // prettier-ignore
          unit: '%',
          target: REFUSED,
          better: 'lower',
        },
        {
          name: `both ${TAKEN} % off`,
          value: both.reduce((sum, { right }) => sum + right, 0),
          unit: '',
          of: `of ${of}`,
          target: of,
          better: 'higher',
        },
      ],
    };
  },
};

function keysWith(tone: number): number[] {
  return KEY_AT.filter(
    (_, place) => (tone < GROUP ? Math.floor(place / GROUP) : (place % GROUP) + GROUP) === tone,
  );
}

/** Null is worse than anything. */
export function worst(
  values: readonly (number | null)[],
  pick: (...values: number[]) => number,
): number | null {
  const known = values.filter((value) => value !== null);
  return known.length < values.length ? null : pick(...known);
}
