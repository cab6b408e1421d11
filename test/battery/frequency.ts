import { GROUP, KEY_AT, TONES, toneHz } from '../../src/dsp/keypad.js';
import { Random } from '../support/random.js';
import { firstNever, grid, lastAlways, round, type Point, type Row } from './figure.js';
import { ALL_KEYS, TRIALS, USUAL, trial } from './trials.js';

/** % of the tone's frequency. */
const OFF = { small: [1, 1.8, 3.5, 4.5], full: grid(0, 6, 0.1) };

/** ITU-T Q.24: NTT asks for 1.8 % to be taken, AT&T for 3.5 % to be refused. */
const TAKEN = 1.8;
const REFUSED = 3.5;

const SIGNS = [1, -1];

/** One tone off and the other right; and both off as far as they must be taken, to every side. */
export const frequency: Row = {
  name: 'frequency',
  measure(receiver, { effort, seed }) {
    const random = new Random(seed);
    const of = TRIALS[effort];
    const offBy = (low: number, high: number, keys = ALL_KEYS): Point =>
      trial(receiver, low + high, { ...USUAL, off: [low / 100, high / 100], keys }, of, random);
    const tones = Array.from({ length: TONES }, (_, tone) =>
      SIGNS.map((sign) =>
        OFF[effort].map((off) =>
          tone < GROUP ? offBy(sign * off, 0, keysWith(tone)) : offBy(0, sign * off, keysWith(tone)),
        ),
      ),
    );
    const both = SIGNS.flatMap((low) => SIGNS.map((high) => offBy(low * TAKEN, high * TAKEN)));
    return {
      curves: tones.map(([above = [], below = []], tone) => ({
        name: `${toneHz(tone)} Hz`,
        points: [...below.toReversed(), ...above.slice(1)],
      })),
      figures: [
        {
          name: 'always accepted to',
          value: leastOff(tones.flat().map(lastAlways)),
          unit: '%',
          target: TAKEN,
          better: 'higher',
        },
        {
          name: 'always refused from',
          value: mostOff(tones.flat().map(firstNever)),
          unit: '%',
          target: REFUSED,
          better: 'lower',
        },
        {
          name: `both ${TAKEN} % off`,
          value: both.reduce((sum, { right }) => sum + right, 0),
          unit: '',
          of: both.length * of,
          target: both.length * of,
          better: 'higher',
        },
      ],
    };
  },
};

function keysWith(tone: number): number[] {
  return KEY_AT.filter((_, place) =>
    tone < GROUP ? Math.floor(place / GROUP) === tone : place % GROUP === tone - GROUP,
  );
}

/** Of the worst tone. */
function leastOff(percents: readonly (number | null)[]): number | null {
  return percents.reduce((least, one) =>
    least === null || one === null ? null : round(Math.min(Math.abs(least), Math.abs(one))),
  );
}

function mostOff(percents: readonly (number | null)[]): number | null {
  return percents.reduce((most, one) =>
    most === null || one === null ? null : round(Math.max(Math.abs(most), Math.abs(one))),
  );
}
