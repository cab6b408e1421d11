import { shareBound } from '../support/statistics.js';
import { together, type Cover } from './guard-cover.js';
import type { Guessed, Timing } from './guard-eavesdropper.js';
import { HOLDS, type Field, type HoldMs, type Leaks } from './guard-leaks.js';
import type { Speed } from './guard-speed.js';

/** The figures as Markdown. */

const percent = (share: number, digits = 2): string => `${(100 * share).toFixed(digits)} %`;

/** Upper bound, at 95 %, of a share that was seen as `leaky` of `all`. */
const below = (leaky: number, all: number): string => (leaky === all ? '–' : percent(shareBound(leaky, all)));

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows];
  return `${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}

export function leakTable(all: readonly Leaks[], holdMs: HoldMs): string {
  return table(
    ['keys', 'number', 'field closed: leaky', 'share below', 'field open: leaky', 'share below'],
    all.map((leaks) => {
      const [closed, open] = [leaks.leaky(holdMs, 'closed'), leaks.leaky(holdMs, 'open')];
      return [leaks.name, leaks.all, closed, below(closed, leaks.all), open, below(open, leaks.all)];
    }),
  );
}

/** The hold-backs that the main table doesn't show. */
export function otherHoldsTable(all: readonly Leaks[], holdMs: HoldMs): string {
  const others = HOLDS.filter((hold) => hold !== holdMs);
  return table(
    ['keys', 'number', ...others.flatMap((hold) => [`${hold} ms, closed: leaky`, 'open'])],
    all.map((leaks) => [
      leaks.name,
      leaks.all,
      ...others.flatMap((hold) => [leaks.leaky(hold, 'closed'), leaks.leaky(hold, 'open')]),
    ]),
  );
}

export interface Covered {
  readonly name: string;
  readonly music: boolean;
  /** Of one hold-back, by the field. */
  readonly by: Readonly<Record<Field, Cover>>;
}

export function coverTable(all: readonly Covered[]): string {
  const cells = ({ seconds, covered, events }: Cover): string[] => [
    percent(covered / seconds, 3),
    ((60 * events) / seconds).toFixed(2),
  ];
  const row = (name: string, { closed, open }: Covered['by']) => [
    name,
    `${Math.round(closed.seconds / 60)} min`,
    ...cells(closed),
    ...cells(open),
  ];
  const voices = all.filter(({ music }) => !music).map(({ by }) => by);
  const sum = {
    closed: together(voices.map(({ closed }) => closed)),
    open: together(voices.map(({ open }) => open)),
  };
  return table(
    [
      'no key pressed',
      'length',
      'field closed: time',
      'events a minute',
      'field open: time',
      'events a minute',
    ],
    [
      ...(voices.length > 1 ? [row('the voices together', sum)] : []),
      ...all.map(({ name, by }) => row(name, by)),
    ],
  );
}

export function eavesdropperTable(guessed: readonly Guessed[]): string {
  return table(
    ['piece', 'right without the guard', 'right with it', 'chance', 'so many or more by chance'],
    guessed.map(({ piece, before, right, all, p }) => [
      piece,
      percent(before / all, 1),
      `${right} of ${all}, ${percent(right / all, 1)}`,
      percent(1 / 16, 1),
      `p = ${p.toFixed(2)}`,
    ]),
  );
}

export function timingTable(timing: Timing): string {
  const r = (value: number): string => `r = ${value.toFixed(3)}`;
  return table(
    ['what the agent can time', 'against', 'found'],
    [
      ['beeps on the grid, alike to the sample', 'all beeps', `${timing.exact} of ${timing.beeps}`],
      ['beeps', 'presses', `${timing.beeps} of ${timing.presses}`],
      ['length of a beep', 'length of the press', r(timing.beepLengthByPressLength)],
      ['end of the mask in its slot', 'release in its slot', r(timing.maskEndByRelease)],
      ['start of a beep in its slot', 'onset in its slot', r(timing.beepStartByOnset)],
      ['length of the mask, slots and all', 'length of the press', r(timing.maskLengthByPressLength)],
    ],
  );
}

export function speedTable(speed: Speed, spandsp: number | string): string {
  const { frame, allocated, kept, deoptimised, stages } = speed;
  return [
    table(
      ['one core, Node', 'figure'],
      [
        ['guard and detector', `${speed.seconds.toFixed(0)} s of audio in a second of CPU`],
        [
          "spandsp's dtmf_rx, a detector alone",
          typeof spandsp !== 'number'
            ? (spandsp ?? '–')
            : `${spandsp.toFixed(0)} s of audio in a second of CPU`,
        ],
        [
          'a frame of 20 ms, on the clock',
          `median ${frame.median.toFixed(1)} µs, p99 ${frame.p99.toFixed(1)} µs`,
        ],
        ['heap that a frame uses and frees again', `${allocated.toFixed(0)} bytes`],
        ['heap that stays after a minute', `${Math.max(0, kept)} bytes`],
        ['deoptimisations once warm', String(deoptimised.length)],
      ],
    ),
    `Where the time goes: ${stages
      .filter(([, share]) => share >= 0.01)
      .map(([file, share]) => `\`${file}\` ${percent(share, 0)}`)
      .join(', ')}.\n`,
    ...deoptimised.map((place) => `Deoptimised: ${place}\n`),
  ].join('\n');
}
