import { met, type Figure, type Result } from '../battery/figure.js';
import { shareBound } from '../support/statistics.js';

/** A row of the battery, as every receiver did in it, ours first. */
export interface MeasuredRow {
  readonly name: string;
  readonly results: readonly Result[];
}

/** What is asked for, and what each receiver reached; bold is what misses it. */
export function figureTable(rows: readonly MeasuredRow[], receivers: readonly string[]): string {
  const head = ['test', '', 'asked', ...receivers];
  return [cells(head), cells(head.map(() => '---')), ...rows.flatMap(figureRows)].join('\n');
}

function figureRows({ name, results }: MeasuredRow): string[] {
  const figures = results[0]?.figures ?? [];
  return figures.map((figure, n) =>
    cells([
      n === 0 ? `**${name}**` : '',
      figure.name,
      asked(figure),
      ...results.map((result) => reached(result.figures.find((other) => other.name === figure.name))),
    ]),
  );
}

/** How bad the rate may be of which so much was seen; of a handful of trials nothing is said. */
export function boundTable(rows: readonly MeasuredRow[]): string {
  const bounds = rows.flatMap(({ name, results }) =>
    (results[0]?.figures ?? []).flatMap((figure) => {
      const bound = boundOf(figure);
      return bound === undefined ? [] : [cells([name, figure.name, reached(figure), bound])];
    }),
  );
  return [cells(['test', '', 'seen', 'at 95 %']), cells(['---', '---', '---', '---']), ...bounds].join('\n');
}

const FEW = 100;

function boundOf({ value, of, hours }: Figure): string | undefined {
  if (value === null) return undefined;
  if (hours !== undefined && hours > 0) return `under ${(countBound(value) / hours).toFixed(2)} an hour`;
  if (of !== undefined && of >= FEW)
    return `under ${(100 * shareBound(of - value, of)).toFixed(2)} % go wrong`;
  return undefined;
}

/** Upper bound, at 95 %, of the mean of what `count` were seen of (S. D. Poisson): 3.0 for none. */
function countBound(count: number): number {
  let mean = count;
  while (atMost(count, mean) > 0.05) mean += 0.01;
  return mean;
}

function atMost(count: number, mean: number): number {
  let term = Math.exp(-mean);
  let sum = term;
  for (let n = 1; n <= count; n++) {
    term *= mean / n;
    sum += term;
  }
  return sum;
}

function asked({ target, better, unit, of }: Figure): string {
  if (target === undefined) return '';
  const sign = of === target || (target === 0 && better === 'lower') ? '' : better === 'higher' ? '≥ ' : '≤ ';
  return `${sign}${written(target, unit)}`;
}

function reached(figure: Figure | undefined): string {
  if (figure === undefined) return '—';
  const { value, unit, of, hours } = figure;
  const text = value === null ? 'nowhere' : written(value, unit);
  const whole =
    of !== undefined ? `${text} of ${of}` : hours !== undefined ? `${text} in ${hours.toFixed(2)} h` : text;
  return met(figure) ? whole : `**${whole}**`;
}

function written(value: number, unit: string): string {
  return `${String(Math.round(value * 10) / 10).replace('-', '−')}${unit === '' ? '' : ` ${unit}`}`;
}

const cells = (texts: readonly string[]): string => `| ${texts.join(' | ')} |`;
