import { Random } from '../support/random.js';
import { grid, lastAlways, type Figure, type Point, type Row } from './figure.js';
import { lineOf } from './line.js';
import type { Receiver } from './receiver.js';
import { ALL_KEYS, TRIALS, USUAL, hear } from './trials.js';

/** ms */
const GAPS = { small: [2, 5, 10, 30, 40, 60], full: grid(2, 60, 1) };

/** ITU-T Q.24: 10 ms are bridged (AT&T), 30 ms part two presses of one key (NTT). */
const BRIDGED = 10;
const SPLIT = 30;

/** Tone to either side, ms: a usual press, and as little as makes one press, or two. */
const HALVES = { usual: 50, one: 20, two: 40 };

/** A key whose tone stops and goes on: one press or two. */
export const gaps: Row = {
  name: 'gap within a key',
  measure(receiver, { effort, seed }) {
    const random = new Random(seed);
    const heardAs = (gap: number, half: number) => heard(receiver, gap, half, TRIALS[effort], random);
    const usual = GAPS[effort].map((gap) => heardAs(gap, HALVES.usual));
    const one = usual.map((point) => point.one);
    const two = usual.map((point) => point.two);
    return {
      curves: [{ name: 'two', points: two }],
      figures: [
        { name: 'bridged to', value: lastAlways(one), unit: 'ms', target: BRIDGED, better: 'higher' },
        {
          name: 'split from',
          value: lastAlways(two.toReversed()),
          unit: 'ms',
          target: SPLIT,
          better: 'lower',
        },
        all(`${HALVES.one} + ${HALVES.one} ms, ${BRIDGED} ms between: one`, heardAs(BRIDGED, HALVES.one).one),
        all(`${HALVES.two} + ${HALVES.two} ms, ${SPLIT} ms between: two`, heardAs(SPLIT, HALVES.two).two),
      ],
    };
  },
};

function all(name: string, { right, of }: Point): Figure {
  return { name, value: right, unit: '', of, target: of, better: 'higher' };
}

/** How many are heard as one press, and how many as two. */
function heard(
  receiver: Receiver,
  gap: number,
  half: number,
  of: number,
  random: Random,
): { one: Point; two: Point } {
  const stimuli = Array.from({ length: of }, (_, n) => ({
    ...USUAL,
    key: ALL_KEYS[n % ALL_KEYS.length] ?? 0,
    length: 2 * half + gap,
    gap: [half, gap] as const,
  }));
  const { right, extra } = hear(receiver, lineOf(stimuli, random));
  return {
    one: { at: gap, right: Math.max(0, right - extra), of },
    two: { at: gap, right: Math.min(extra, right), of },
  };
}
