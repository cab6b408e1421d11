import { chartsSvg, type Chart } from './line-chart.js';
import type { MeasuredRow } from './dtmf-report.js';

/** Which curves of which row make a picture, and what must be taken of each. */
interface Picture {
  readonly row: string;
  readonly x: string;
  readonly y?: string;
  readonly promised: readonly [from: number, to: number];
}

const FREQUENCY: Picture = { row: 'frequency', x: 'off its frequency, %', promised: [-1.8, 1.8] };

const LIMITS: readonly Picture[] = [
  { row: 'twist', x: 'high tone over low tone, dB', promised: [-8, 4] },
  { row: 'duration', x: 'length of the tone, ms', promised: [40, 60] },
  { row: 'gap within a key', x: 'length of the gap, ms', y: 'heard as two presses, %', promised: [30, 60] },
  { row: 'level', x: 'each tone, dBm0', promised: [-30, 0] },
  { row: 'white noise', x: 'signal to noise, dB', promised: [10, 20] },
  { row: 'dial tone, 350 + 440 Hz', x: 'each tone of the dial tone, dBm0', promised: [-40, -5] },
];

/** Pictures by the name of their file. */
export function dtmfCharts(
  rows: readonly MeasuredRow[],
  receivers: readonly string[],
): Record<string, string> {
  const charts = (picture: Picture): Chart[] => chartsOf(picture, rows, receivers);
  return {
    'dtmf-frequency.svg': chartsSvg(charts(FREQUENCY), 2),
    'dtmf-limits.svg': chartsSvg(LIMITS.flatMap(charts), 2),
  };
}

function chartsOf(
  { row, x, y, promised }: Picture,
  rows: readonly MeasuredRow[],
  receivers: readonly string[],
): Chart[] {
  const results = rows.find(({ name }) => name === row)?.results ?? [];
  const curves = results[0]?.curves ?? [];
  return curves.map((curve, n) => ({
    title: curves.length > 1 ? curve.name : row,
    x,
    y: y ?? 'accepted, %',
    yRange: [0, 100],
    promised,
    series: receivers.map((name, receiver) => ({
      name,
      points: (results[receiver]?.curves?.[n]?.points ?? []).map(
        ({ at, right, of }) => [at, (100 * right) / of] as const,
      ),
    })),
  }));
}
