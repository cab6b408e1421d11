import { Random } from '../support/random.js';
import { WIDE } from './guard-sets.js';
import { counted, type Effort } from './effort.js';
import { FIELDS, leakyKeys, type HoldMs } from './guard-leaks.js';
import { keysOver, type KeyCondition, type Rest } from './keys-over.js';
import type { Chart } from './line-chart.js';
import type { Recording } from './recordings.js';

/** One thing is changed and all else stays well within the bounds. */
interface Sweep {
  readonly title: string;
  readonly x: string;
  readonly values: readonly number[];
  readonly promised: readonly [from: number, to: number];
  readonly condition?: (value: number) => Partial<KeyCondition>;
  readonly rest?: (value: number, recording: Recording) => Rest;
}

/** Keys at a point, at full effort. */
const KEYS = 300;

const SWEEPS: readonly Sweep[] = [
  {
    title: 'noise',
    x: 'key over noise, dB',
    values: [-6, -3, 0, 3, 6, 9, 12, 15, 20, 25],
    promised: [6, 25],
    rest: (under) => ({ under }),
  },
  {
    title: 'a voice, at its level around each key',
    x: 'key over voice, dB',
    values: [-6, -3, 0, 3, 6, 9, 12, 15, 20, 25],
    promised: [6, 25],
    rest: (under, { samples }) => ({ under, samples, level: 'local' }),
  },
  {
    title: 'level',
    x: 'stronger tone, dBm0',
    values: [-60, -57, -54, -51, -48, -45, -40, -30, -20, -10, 0],
    promised: [-45, 0],
    condition: (level) => ({ level: [level, level] }),
  },
  {
    title: 'length',
    x: 'ms',
    values: [1, 2, 3, 4, 6, 8, 10, 12, 15, 20, 30, 40],
    promised: [15, 40],
    condition: (length) => ({ duration: [length, length] }),
  },
  {
    title: 'twist',
    x: 'high tone over low tone, dB',
    values: [-24, -21, -18, -15, -12, -8, -4, 0, 4, 8, 12, 15, 18, 21, 24],
    promised: [-12, 12],
    condition: (twist) => ({ twist: [twist, twist] }),
  },
  {
    title: 'detuning',
    x: 'each tone, to either side, %',
    values: [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 5],
    promised: [0, 1.5],
    condition: (percent) => ({ detune: [percent / 100, percent / 100] }),
  },
];

/** Shares of leaky keys within the bounds and beyond, a chart each. */
export function* leakCharts(
  voices: readonly Recording[],
  holdMs: HoldMs,
  effort: Effort,
  seed: number,
): Generator<Chart> {
  for (const [number, sweep] of SWEEPS.entries()) {
    const points = FIELDS.map(() => [] as [number, number][]);
    for (const [place, value] of sweep.values.entries()) {
      const salt = seed * 10_000 + number * 100 + place;
      const shares = leakShares(sweep, value, voices, holdMs, effort, salt);
      shares.forEach((share, field) => points[field]?.push([value, 100 * share]));
    }
    yield {
      title: sweep.title,
      x: sweep.x,
      y: 'leaky keys, %',
      yRange: [0, 100],
      promised: sweep.promised,
      series: FIELDS.map((field, n) => ({ name: `field ${field}`, points: points[n] ?? [] })),
    };
  }
}

/** With the field closed, and open. */
function leakShares(
  { condition, rest }: Sweep,
  value: number,
  voices: readonly Recording[],
  holdMs: HoldMs,
  effort: Effort,
  seed: number,
): number[] {
  const each = Math.ceil(counted(KEYS, effort) / voices.length);
  const lines = voices.map((voice, n) =>
    keysOver(
      { ...WIDE, duration: [15, 100], ...condition?.(value) },
      rest?.(value, voice),
      each,
      new Random(seed * 10 + n),
    ),
  );
  const all = each * voices.length;
  return FIELDS.map((field) => lines.reduce((sum, line) => sum + leakyKeys(line, field, holdMs), 0) / all);
}
