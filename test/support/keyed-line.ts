import { Guard, type GuardOptions } from '../../src/dsp/guard.js';
import { passedThrough } from './leak.js';
import { ms, type Key } from './tones.js';

/** A line, and for each of its samples the key that sounds there: 0 for none, n for the n-th of the line. */
export interface KeyedLine {
  readonly mulaw: Uint8Array;
  readonly marks: Uint16Array;
}

/** The same line, marked. Later keys win where two lie over each other. */
export function marked(mulaw: Uint8Array, keys: readonly Pick<Key, 'start' | 'end'>[]): KeyedLine {
  const marks = new Uint16Array(mulaw.length);
  keys.forEach(({ start, end }, n) => marks.fill(n + 1, Math.max(0, start), end));
  return { mulaw, marks };
}

/** Samples in a row of one key. */
export interface Piece {
  readonly key: number;
  readonly start: number;
  readonly end: number;
}

/** The pieces of tone on a line; `cuts` are places where what follows is not what followed when it was spoken. */
export function piecesOf({ marks }: KeyedLine, cuts: ReadonlySet<number> = new Set()): Piece[] {
  const pieces: Piece[] = [];
  let start = 0;
  for (let n = 1; n <= marks.length; n++) {
    const key = marks[start] ?? 0;
    if (n < marks.length && marks[n] === key && !cuts.has(n)) continue;
    if (key > 0) pieces.push({ key, start, end: n });
    start = n;
  }
  return pieces;
}

export interface GuardRun {
  /** Which samples of the input came out as they were. Those of the last hold-back are out of sight. */
  readonly passed: (piece: { readonly start: number; readonly end: number }) => number;
  /** Keys that were confirmed, and where they began. */
  readonly presses: readonly { readonly key: number; readonly onset: number }[];
}

/** How audio comes to the guard: `feed` calls `process` and `gap` as often as it likes. */
export function through(
  mulaw: Uint8Array,
  options: GuardOptions & { readonly fieldOpen?: boolean },
  feed: (guard: Guard, input: Uint8Array, output: Uint8Array) => void = (guard, input, output) =>
    guard.process(input, output),
): GuardRun {
  const presses: { key: number; onset: number }[] = [];
  const guard: Guard = new Guard(options, {
    press(cell, onset) {
      presses.push({ key: cell.key, onset });
      guard.beep();
    },
  });
  guard.fieldOpen = options.fieldOpen ?? false;
  const output = new Uint8Array(mulaw.length);
  feed(guard, mulaw, output);
  const hold = ms(options.holdMs);
  const passed = passedThrough(mulaw, output, hold);
  return {
    passed: ({ start, end }) => passed.subarray(start + hold, end + hold).reduce((sum, one) => sum + one, 0),
    presses,
  };
}
