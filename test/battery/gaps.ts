import { Random } from '../support/random.js';
import { grid, lastAlways, type Curve, type Row, type Setting } from './figure.js';
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
  measure(receiver, setting) {
    const usual = heardAs(receiver, GAPS[setting.effort], HALVES.usual, setting);
    const short = heardAs(receiver, [BRIDGED], HALVES.one, setting).one.points[0];
    const close = heardAs(receiver, [SPLIT], HALVES.two, setting).two.points[0];
    return {
      curves: [usual.one, usual.two],
      figures: [
        {
          name: 'bridged to',
          value: lastAlways(usual.one.points),
          unit: 'ms',
          target: BRIDGED,
          better: 'higher',
        },
        {
          name: 'split from',
          value: lastAlways(usual.two.points.toReversed()),
          unit: 'ms',
          target: SPLIT,
          better: 'lower',
        },
        {
          name: `${HALVES.one} + ${HALVES.one} ms, ${BRIDGED} ms between: one`,
          value: short?.right ?? 0,
          unit: '',
          of: `of ${short?.of}`,
          target: short?.of ?? 0,
          better: 'higher',
        },
        {
          name: `${HALVES.two} + ${HALVES.two} ms, ${SPLIT} ms between: two`,
          value: close?.right ?? 0,
          unit: '',
          of: `of ${close?.of}`,
          target: close?.of ?? 0,
          better: 'higher',
        },
      ],
    };
  },
};

function heardAs(
  receiver: Receiver,
  at: readonly number[],
  half: number,
  { effort, seed }: Setting,
): { one: Curve; two: Curve } {
  const random = new Random(seed);
  const of = TRIALS[effort];
  const points = at.map((gap) => {
    const stimuli = Array.from({ length: of }, (_, n) => ({
      ...USUAL,
      key: ALL_KEYS[n % ALL_KEYS.length] ?? 0,
      length: 2 * half + gap,
      gap: [half, gap] as const,
    }));
    const { right, extra } = hear(receiver, lineOf(stimuli, random));
    return { at: gap, of, once: Math.max(0, right - extra), twice: Math.min(extra, right) };
  });
  return {
    one: { name: 'heard as one', points: points.map(({ at, of, once }) => ({ at, right: once, of })) },
    two: { name: 'heard as two', points: points.map(({ at, of, twice }) => ({ at, right: twice, of })) },
  };
}
