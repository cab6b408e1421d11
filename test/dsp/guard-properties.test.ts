import { describe, it, expect } from '@jest/globals';
import {
  array,
  assert,
  constantFrom,
  double,
  integer,
  property,
  tuple,
  boolean,
  type Parameters,
} from 'fast-check';
import { DtmfReceiver } from '../../src/dsp/dtmf-receiver.js';
import { Guard, type GuardOptions } from '../../src/dsp/guard.js';
import { amplitudeOf } from '../../src/dsp/mulaw.js';
import { addSine, toMulaw } from '../../src/dsp/tone.js';
import { spandspHears, spandspMissing } from '../bench/rivals/spandsp.js';
import { piecesOf, type KeyedLine } from '../support/keyed-line.js';
import { guarded } from '../support/guarded.js';
import { leaked, passedThrough } from '../support/leak.js';
import { masksIn } from '../support/masks.js';
import { Random } from '../support/random.js';
import { spoken, toneLines } from '../support/tone-lines.js';
import { ms } from '../support/tones.js';

/** The same lines in every run; `npm run bench:guard` draws others. */
const runs = (numRuns: number): Parameters<unknown> => ({ seed: 1, numRuns });

const holds = constantFrom<GuardOptions['holdMs'][]>(15, 20, 40);
const FRAME = 160;

/** A tone of less is not promised: what a lost frame leaves of a press may be shorter. */
const SHORTEST = ms(15);

/** What went out under the properties below, and the lines themselves, for the detectors at the end. */
const heard: Uint8Array[] = [];
const keyed: Uint8Array[] = [];

/** Presses that our own receiver finds. */
function pressesIn(mulaw: Uint8Array): number {
  let presses = 0;
  const receiver = new DtmfReceiver({ up: () => presses++ });
  receiver.process(mulaw);
  receiver.end();
  return presses;
}

/** Places in a stream, in samples. */
interface Places {
  /** What follows is not what followed on the line. */
  readonly cuts: ReadonlySet<number>;
  /** And the guard is told. */
  readonly gaps: ReadonlySet<number>;
}

const NOWHERE: Places = { cuts: new Set(), gaps: new Set() };

/** Samples of tone that came out, of pieces that are long enough or lie beside a gap that was told. */
function tonesIn(line: KeyedLine, output: Uint8Array, hold: number, { cuts, gaps } = NOWHERE): number {
  const passed = passedThrough(line.mulaw, output, hold);
  return piecesOf(line, cuts)
    .filter(({ start, end }) => end - start >= SHORTEST || gaps.has(start) || gaps.has(end))
    .reduce((samples, piece) => samples + leaked(passed, piece, hold), 0);
}

describe('whatever is keyed within the bounds', () => {
  it('no sample of it goes out, nor anything that our detector takes for a key', () => {
    assert(
      property(toneLines, holds, boolean(), (line, holdMs, fieldOpen) => {
        const keys = spoken(line);
        const output = guarded(keys.mulaw, fieldOpen, holdMs);
        keyed.push(keys.mulaw);
        heard.push(output);
        expect(output).toHaveLength(keys.mulaw.length);
        expect(tonesIn(keys, output, ms(holdMs))).toBe(0);
        expect(pressesIn(output)).toBe(0);
      }),
      runs(120),
    );
  });

  it('a second guard suspects nothing under the cover of the first', () => {
    assert(
      property(toneLines, (line) => {
        const { mulaw } = spoken(line);
        const output = guarded(mulaw, false, 20);
        const masks = masksIn(passedThrough(mulaw, output, ms(20)));
        const again = passedThrough(output, guarded(output, false, 20), ms(20));
        expect(masks.map((mask) => leaked(again, mask, ms(20)))).toEqual(
          masks.map(({ start, end }) => end - start),
        );
      }),
      runs(40),
    );
  });

  it('what goes out does not depend on how it came in frames', () => {
    assert(
      property(
        toneLines,
        holds,
        array(integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20 }),
        (line, holdMs, cuts) => {
          const { mulaw } = spoken(line);
          const output = new Uint8Array(mulaw.length);
          const guard: Guard = new Guard({ holdMs }, { press: () => guard.beep() });
          for (let at = 0, n = 0; at < mulaw.length; n++) {
            const end = Math.min(mulaw.length, at + (cuts[n % cuts.length] ?? 1));
            guard.process(mulaw.subarray(at, end), output.subarray(at, end));
            at = end;
          }
          expect(Buffer.from(output).equals(guarded(mulaw, false, holdMs))).toBe(true);
        },
      ),
      runs(40),
    );
  });

  it('lost frames, told or untold, and doubled ones let no sample out', () => {
    const kinds = constantFrom('none', 'none', 'told', 'untold', 'doubled');
    const faults = array(tuple(kinds, integer({ min: 1, max: 5 })), { minLength: 3, maxLength: 20 }).map(
      (runs) => runs.flatMap(([kind, frames]) => Array<string>(frames).fill(kind)),
    );
    assert(
      property(toneLines, holds, faults, (line, holdMs, faults) => {
        const sent = spoken(line);
        const { came, places } = arrived(sent, faults);
        const output = new Uint8Array(came.mulaw.length);
        const guard: Guard = new Guard({ holdMs }, { press: () => guard.beep() });
        for (let at = 0; at < output.length; at += FRAME) {
          if (places.gaps.has(at)) guard.gap(FRAME);
          guard.process(came.mulaw.subarray(at, at + FRAME), output.subarray(at, at + FRAME));
        }
        heard.push(output);
        expect(tonesIn(came, output, ms(holdMs), places)).toBe(0);
        expect(pressesIn(output)).toBe(0);
      }),
      runs(200),
    );
  });

  const withSpandsp = spandspMissing() === undefined ? it : it.skip;
  withSpandsp('spandsp hears keys on those lines, and not one in what went out', () => {
    expect([keyed, heard].map((parts) => spandspHears(Buffer.concat(parts)))).toEqual([true, false]);
  });
});

/** A line as it comes when frames of it are lost or doubled, over and over in that order. */
function arrived(
  { mulaw, marks }: KeyedLine,
  faults: readonly string[],
): { came: KeyedLine; places: Places } {
  const starts: number[] = [];
  const gaps = new Set<number>();
  const cuts = new Set<number>();
  for (let n = 0; n * FRAME < mulaw.length; n++) {
    const fault = faults[n % faults.length];
    const at = starts.length * FRAME;
    if (fault === 'told') gaps.add(at);
    if (fault === 'told' || fault === 'untold') cuts.add(at);
    else starts.push(n * FRAME);
    if (fault !== 'doubled') continue;
    starts.push(n * FRAME);
    cuts.add(at + FRAME).add(at + 2 * FRAME);
  }
  const came: KeyedLine = {
    mulaw: Buffer.concat(starts.map((start) => mulaw.subarray(start, start + FRAME))),
    marks: Uint16Array.from(starts.flatMap((start) => [...marks.subarray(start, start + FRAME)])),
  };
  return { came, places: { cuts, gaps } };
}

describe('audio with no tone of the keypad', () => {
  /** In the 10 ms that a hold-back of 15 leaves, noise looks like a key now and then. */
  const longHolds = constantFrom<GuardOptions['holdMs'][]>(20, 40);
  /** Hz: what dials, rings, answers, beeps and signals on a line. */
  const hz = constantFrom(350, 400, 425, 440, 480, 620, 1000, 1100, 1800, 2100, 2600, 3400);
  const level = double({ min: -60, max: 0, noNaN: true });

  it('goes out bit for bit, later by the hold-back', () => {
    assert(
      property(longHolds, level, level, hz, integer(), (holdMs, noise, tone, hz, seed) => {
        const random = new Random(seed);
        const samples = Float64Array.from({ length: ms(400) }, () => amplitudeOf(noise) * random.gauss());
        addSine(samples, { hz, level: tone });
        const mulaw = toMulaw(samples);
        const late = guarded(mulaw, false, holdMs).subarray(ms(holdMs));
        expect(Buffer.from(late).equals(mulaw.subarray(0, late.length))).toBe(true);
      }),
      runs(150),
    );
  });
});
