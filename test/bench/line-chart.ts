/** Line charts as SVG, side by side in rows: light ground, labelled axes, told apart without colour too. */

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Chart {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly series: readonly Series[];
  /** Bounds of the y axis; from 0 to the most there is unless given. */
  readonly yRange?: readonly [least: number, most: number];
  /** What is promised lies between these two places of the x axis. */
  readonly promised?: readonly [from: number, to: number];
}

/** Colours of M. Okabe and K. Ito (2008), safe for the colour-blind; dashes and marks for those who see none. */
const STYLES = [
  { colour: '#0072B2', dash: '', mark: 'circle' },
  { colour: '#D55E00', dash: '7 3', mark: 'square' },
  { colour: '#009E73', dash: '2 3', mark: 'diamond' },
  { colour: '#CC79A7', dash: '9 3 2 3', mark: 'circle' },
] as const;
type Style = (typeof STYLES)[number];

const WIDTH = 420;
const HEIGHT = 300;
const PLOT = { left: 62, top: 40, right: 16, bottom: 52 } as const;
const LEGEND = 34;
/** On a line; more would hide it. */
const MOST_MARKERS = 25;
const INK = '#222222';
const GRID = '#dddddd';
const PROMISED = '#f1f6e8';

/** The charts in rows of `perRow`, under one legend of all their series' names. */
export function chartsSvg(charts: readonly Chart[], perRow: number): string {
  const columns = Math.min(perRow, charts.length);
  const width = columns * WIDTH;
  const height = LEGEND + Math.ceil(charts.length / columns) * HEIGHT;
  const names = [...new Set(charts.flatMap(({ series }) => series.map(({ name }) => name)))];
  const style = (name: string): Style => STYLES[names.indexOf(name) % STYLES.length] ?? STYLES[0];
  const panels = charts.map((chart, n) => {
    const left = (n % columns) * WIDTH;
    const top = LEGEND + Math.floor(n / columns) * HEIGHT;
    return `<g transform="translate(${left} ${top})">\n${chartSvg(chart, style)}\n</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="12" fill="${INK}">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    legend(
      names,
      style,
      charts.some(({ promised }) => promised !== undefined),
    ),
    ...panels,
    '</svg>\n',
  ].join('\n');
}

/** Shown in the legend's line, from left to right. */
function legend(names: readonly string[], style: (name: string) => Style, promised: boolean): string {
  const parts: string[] = [];
  let left: number = PLOT.left;
  for (const name of names) {
    parts.push(
      line(
        [
          [left, 18],
          [left + 36, 18],
        ],
        style(name),
      ),
      marker(left + 18, 18, style(name)),
    );
    parts.push(`<text x="${left + 44}" y="22">${escaped(name)}</text>`);
    left += 64 + 7 * name.length;
  }
  if (promised) {
    parts.push(`<rect x="${left}" y="9" width="28" height="18" fill="${PROMISED}" stroke="${GRID}"/>`);
    parts.push(`<text x="${left + 36}" y="22">within the bounds</text>`);
  }
  return parts.join('\n');
}

function chartSvg({ title, x, y, series, yRange, promised }: Chart, style: (name: string) => Style): string {
  const points = series.flatMap((one) => one.points);
  const xs = points.map(([at]) => at);
  const xAxis = axis(Math.min(...xs), Math.max(...xs), PLOT.left, WIDTH - PLOT.right);
  const [least, most] = yRange ?? [0, Math.max(...points.map(([, value]) => value), 1e-9)];
  const yAxis = axis(least, most, HEIGHT - PLOT.bottom, PLOT.top);
  const [left, right, top, bottom] = [PLOT.left, WIDTH - PLOT.right, PLOT.top, HEIGHT - PLOT.bottom];
  const parts: string[] = [];
  if (promised) {
    const from = Math.max(left, xAxis.place(promised[0]));
    const to = Math.min(right, xAxis.place(promised[1]));
    parts.push(
      `<rect x="${px(from)}" y="${top}" width="${px(to - from)}" height="${bottom - top}" fill="${PROMISED}"/>`,
    );
  }
  for (const tick of yAxis.ticks) {
    const at = px(yAxis.place(tick));
    parts.push(`<path d="M${left} ${at}H${right}" stroke="${GRID}"/>`);
    parts.push(`<text x="${left - 6}" y="${at + 4}" text-anchor="end">${tick}</text>`);
  }
  for (const tick of xAxis.ticks) {
    const at = px(xAxis.place(tick));
    parts.push(`<path d="M${at} ${bottom}v4" stroke="${INK}"/>`);
    parts.push(`<text x="${at}" y="${bottom + 18}" text-anchor="middle">${tick}</text>`);
  }
  parts.push(`<path d="M${left} ${top}V${bottom}H${right}" fill="none" stroke="${INK}"/>`);
  parts.push(
    `<text x="${(left + right) / 2}" y="${top - 14}" text-anchor="middle" font-weight="bold">${escaped(title)}</text>`,
    `<text x="${(left + right) / 2}" y="${bottom + 38}" text-anchor="middle">${escaped(x)}</text>`,
    `<text transform="translate(16 ${(top + bottom) / 2}) rotate(-90)" text-anchor="middle">${escaped(y)}</text>`,
  );
  for (const one of series) {
    const placed = one.points.map(([at, value]) => [xAxis.place(at), yAxis.place(value)] as const);
    const every = Math.ceil(placed.length / MOST_MARKERS);
    parts.push(line(placed, style(one.name)));
    placed.forEach(([at, value], n) => {
      if (n % every === 0) parts.push(marker(at, value, style(one.name)));
    });
  }
  return parts.join('\n');
}

/** Where a value lies between two places of the picture, and the round values that are written beside it. */
function axis(least: number, most: number, from: number, to: number) {
  const raw = (most - least) / 5 || 1;
  const ten = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((factor) => factor * ten >= raw * 0.999) ?? 10) * ten;
  const ticks: number[] = [];
  for (let n = Math.ceil(least / step - 1e-9); n * step <= most + step * 1e-9; n++) {
    ticks.push(Number((n * step).toPrecision(6)));
  }
  return {
    ticks,
    place: (value: number): number => from + ((value - least) / (most - least || 1)) * (to - from),
  };
}

function line(points: readonly (readonly [number, number])[], { colour, dash }: Style): string {
  const path = points.map(([at, value], n) => `${n === 0 ? 'M' : 'L'}${px(at)} ${px(value)}`).join('');
  return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2" stroke-dasharray="${dash}"/>`;
}

function marker(at: number, value: number, { colour, mark }: Style): string {
  const [cx, cy] = [px(at), px(value)];
  if (mark === 'circle') return `<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"/>`;
  const turn = mark === 'diamond' ? ` transform="rotate(45 ${cx} ${cy})"` : '';
  return `<rect x="${cx - 3}" y="${cy - 3}" width="6" height="6" fill="${colour}"${turn}/>`;
}

const px = (place: number): number => Math.round(place * 10) / 10;

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
