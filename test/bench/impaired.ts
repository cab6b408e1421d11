import type { GuardOptions } from '../../src/dsp/guard.js';
import { codedLine } from '../support/coded-line.js';
import { CODECS } from '../support/codecs.js';
import { CONCEALMENTS, concealed } from '../support/concealment.js';
import {
  marked,
  piecesOf,
  through,
  type GuardRun,
  type KeyedLine,
  type Piece,
} from '../support/keyed-line.js';
import { IMPAIRMENTS } from '../support/line-impairments.js';
import { arrivals, framesOf, throughLoss, type Faults, type Numbers } from '../support/lossy-stream.js';
import { Random } from '../support/random.js';
import { shareBound } from '../support/statistics.js';
import { lineOfKeys, ms, type Key, type KeySet } from '../support/tones.js';
import { counted, type Effort } from './effort.js';
import { FIELDS, type HoldMs } from './guard-leaks.js';

/**
 * Keys that reach the guard impaired: after losses, concealment, codecs and bad lines. Everything is synthetic, voices
 * too, so that the figures are the same on every machine; a codec that is not installed says so in its row.
 */

const WIDE: KeySet = { duration: [40, 300], level: [-25, -3], twist: [-8, 4] };
const LINES: readonly (readonly [name: string, set: KeySet])[] = [
  ['quiet', WIDE],
  ['noise 20 dB under', { ...WIDE, rest: { kind: 'noise', under: 20 } }],
  ['voice 12 dB under', { ...WIDE, rest: { kind: 'voice', under: 12 } }],
];
/** Keys of a line, with full effort. */
const KEYS = 200;

export interface ImpairedOptions {
  readonly holdMs: HoldMs;
  readonly effort: Effort;
  readonly seed: number;
  /** Hears what comes next, for a progress line. */
  say(what: string): void;
}

/** Every table as Markdown, with a title. */
export function* impairedTables(options: ImpairedOptions): Generator<string> {
  yield lossTable(options);
  yield concealmentTable(options);
  yield codecTable(options);
  yield lineTable(options);
  yield scrapTable(options);
}

interface Tally {
  leaky: number;
  all: number;
}

const cell = ({ leaky, all }: Tally): string =>
  all === 0 ? '–' : `${leaky} of ${all} (< ${(100 * shareBound(leaky, all)).toFixed(1)} %)`;

function table(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `### ${title}\n\n${lines.join('\n')}\n`;
}

function add(tally: Tally, pieces: readonly Piece[], { passed }: Pick<GuardRun, 'passed'>): void {
  tally.all += pieces.length;
  tally.leaky += pieces.filter((piece) => passed(piece) > 0).length;
}

const tally = (): Tally => ({ leaky: 0, all: 0 });
const whole = ({ start, end }: Piece): boolean => end - start >= ms(15);

function keyed(set: KeySet, { effort }: ImpairedOptions, random: Random): KeyedLine & { keys: Key[] } {
  const { mulaw, keys } = lineOfKeys(set, counted(KEYS, effort), random);
  return { ...marked(mulaw, keys), keys };
}

const guardOptions = (
  holdMs: HoldMs,
  field: (typeof FIELDS)[number],
): GuardOptions & { fieldOpen: boolean } => ({ holdMs, fieldOpen: field === 'open' });

const FAULTS: readonly (readonly [what: string, faults: Faults, odd?: true])[] = [
  ['a tenth lost, one by one', { lost: 0.1 }],
  ['lost in bursts, 60 ms on average', { lost: 0.06, burst: 3 }],
  ['lost in bursts, 200 ms on average', { lost: 0.03, burst: 10 }],
  ['a tenth up to 60 ms late', { late: 0.1 }],
  ['a tenth doubled', { doubled: 0.1 }],
  ['all of these', { lost: 0.06, burst: 2, late: 0.06, doubled: 0.06 }],
  ['all of these, frames of 1 to 400 samples', { lost: 0.06, burst: 2, late: 0.06, doubled: 0.06 }, true],
];
const SAID: Numbers = { sequence: true, chunk: true, timestamp: true };
const UNSAID: Numbers = { sequence: false, chunk: false, timestamp: false };

function lossTable(options: ImpairedOptions): string {
  const rows = FAULTS.flatMap(([what, faults, odd]) => {
    options.say(what);
    return FIELDS.map((field) => {
      const [told, untold, scrapsTold, scraps] = [tally(), tally(), tally(), tally()];
      for (const [n, [, set]] of LINES.entries()) {
        const random = new Random(options.seed * 1000 + n);
        const line = keyed(set, options, random);
        const arriving = arrivals(framesOf(line.mulaw.length, odd && random), faults, random);
        for (const numbers of [SAID, UNSAID]) {
          const run = throughLoss(line, arriving, numbers, guardOptions(options.holdMs, field));
          const short = run.pieces.filter((piece) => !whole(piece));
          add(numbers === SAID ? told : untold, run.pieces.filter(whole), run);
          add(numbers === SAID ? scrapsTold : scraps, short, run);
        }
      }
      return [what, field, ...[told, untold, scrapsTold, scraps].map(cell)];
    });
  });
  return table(
    'Frames lost, late or doubled',
    [
      'frames of the caller',
      'field',
      'pieces of 15 ms and more: leaky, loss told',
      'not told',
      'shorter pieces, told',
      'not told',
    ],
    rows,
  );
}

function concealmentTable(options: ImpairedOptions): string {
  const rows = CONCEALMENTS.flatMap((how) => {
    options.say(`concealment: ${how}`);
    return FIELDS.map((field) => {
      const [made, scraps] = [tally(), tally()];
      for (const [n, [, set]] of LINES.entries()) {
        const random = new Random(options.seed * 1000 + 100 + n);
        const line = keyed(set, options, random);
        const levels = line.keys.map(({ sines: [low, high] }) => Math.max(low.level, high.level));
        let losing = false;
        const lost = (): boolean => (losing = random.next() < (losing ? 0.5 : 0.1));
        const concealing = concealed(line, lost, how, levels, random);
        const run = through(concealing.mulaw, guardOptions(options.holdMs, field));
        add(made, concealing.whole, run);
        add(scraps, concealing.scraps, run);
      }
      return [how, field, cell(made), cell(scraps)];
    });
  });
  return table(
    'Losses concealed before us',
    ['concealment', 'field', 'pieces of 15 ms and more, and what was made of them: leaky', 'shorter pieces'],
    rows,
  );
}

/** Leaky keys, closed and open, and the keys that the detector counts, of one line. */
function impairedCells(line: KeyedLine, keys: readonly Key[], holdMs: HoldMs): string[] {
  const pieces = piecesOf(line);
  const runs = FIELDS.map((field) => through(line.mulaw, guardOptions(holdMs, field)));
  const heard = runs[0]?.presses ?? [];
  const right = pieces.filter(({ key, start, end }) =>
    heard.some(
      (press) => press.key === keys[key - 1]?.key && press.onset > start - ms(30) && press.onset < end,
    ),
  );
  return [
    ...runs.map((run) => {
      const leaks = tally();
      add(leaks, pieces, run);
      return cell(leaks);
    }),
    `${right.length}${heard.length > right.length ? `, and ${heard.length - right.length} more` : ''}`,
  ];
}

const IMPAIRED_HEAD = ['line', 'field closed: leaky', 'open', 'counted'] as const;

function codecTable(options: ImpairedOptions): string {
  const rows = CODECS.flatMap((codec) => {
    options.say(codec.name);
    return LINES.slice(0, 2).map(([name, set], n) => {
      const random = new Random(options.seed * 1000 + 200 + n);
      const { mulaw, keys } = keyed(set, options, random);
      const line = codedLine(codec, mulaw, keys, random);
      const cells = line
        ? impairedCells(line, keys, options.holdMs)
        : [`not installed: ${codec.packages}`, '', ''];
      return [`${codec.name}${codec.promised ? '' : ' (beyond the promise)'}`, name, ...cells];
    });
  });
  return table('Codecs before G.711', ['codec', ...IMPAIRED_HEAD], rows);
}

function lineTable(options: ImpairedOptions): string {
  const rows = Object.entries(IMPAIRMENTS).flatMap(([what, impair]) => {
    options.say(what);
    return LINES.map(([name, set], n) => {
      const random = new Random(options.seed * 1000 + 300 + n);
      const { keys, ...clean } = keyed(set, options, random);
      return [what, name, ...impairedCells(impair(clean, random), keys, options.holdMs)];
    });
  });
  return table('Bad lines', ['on the line', ...IMPAIRED_HEAD], rows);
}

/** Lengths of tone in ms, up to what the guard promises and beyond. */
const SCRAPS = [2.5, 5, 7.5, 10, 12.5, 15, 20, 40, 60] as const;

function scrapTable(options: ImpairedOptions): string {
  const rows = SCRAPS.map((length) => {
    options.say(`scraps of ${length} ms`);
    const alone = keyed(
      { ...WIDE, duration: [length, length] },
      options,
      new Random(options.seed * 1000 + 400),
    );
    const long = keyed({ ...WIDE, duration: [200, 200] }, options, new Random(options.seed * 1000 + 401));
    return [
      `${length}`,
      ...[alone, cutUp(long, ms(length))].flatMap((line) =>
        FIELDS.map((field) => {
          const leaks = tally();
          add(leaks, piecesOf(line), through(line.mulaw, guardOptions(options.holdMs, field)));
          return cell(leaks);
        }),
      ),
    ];
  });
  return table(
    'Scraps of tone',
    [
      'ms of tone in one piece',
      'alone, field closed: leaky',
      'open',
      '160 ms of such pieces, closed',
      'open',
    ],
    rows,
  );
}

/** Of each key four fifths: as if after every `length` samples a quarter as many were lost and nobody told. */
function cutUp(line: KeyedLine, length: number): KeyedLine {
  const lost = new Set<number>();
  for (const { start, end } of piecesOf(line)) {
    for (let at = start + length; at < end; at += length + Math.ceil(length / 4))
      for (let n = at; n < Math.min(end, at + Math.ceil(length / 4)); n++) lost.add(n);
  }
  return {
    mulaw: line.mulaw.filter((_, n) => !lost.has(n)),
    marks: line.marks.filter((_, n) => !lost.has(n)),
  };
}
