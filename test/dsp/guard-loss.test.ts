import { describe, expect, it } from '@jest/globals';
import { Guard } from '../../src/dsp/guard.js';
import { toMulaw } from '../../src/dsp/tone.js';
import { CONCEALMENTS, concealed } from '../support/concealment.js';
import { marked, through, type Piece } from '../support/keyed-line.js';
import { passedThrough } from '../support/leak.js';
import { arrivals, framesOf, throughLoss, type Faults, type Numbers } from '../support/lossy-stream.js';
import { Random } from '../support/random.js';
import { lineOfKeys, ms, voiceLike, type KeySet } from '../support/tones.js';

const QUIET: KeySet = { duration: [40, 300], level: [-25, -3], twist: [-8, 4] };
const VOICE: KeySet = { ...QUIET, rest: { kind: 'voice', under: 12 } };
const SHORT: KeySet = { duration: [15, 60], level: [-45, -3], twist: [-12, 12] };

const FAULTS: readonly (Faults & { what: string; odd?: true })[] = [
  { what: 'lost here and there', lost: 0.1 },
  { what: 'lost half of the time', lost: 0.3, burst: 2 },
  { what: 'lost in bursts of up to 500 ms', lost: 0.03, burst: 10 },
  { what: 'late', late: 0.15 },
  { what: 'doubled', doubled: 0.15 },
  { what: 'lost, late and doubled', lost: 0.05, burst: 2, late: 0.1, doubled: 0.1 },
  { what: 'of odd lengths, lost, late and doubled', lost: 0.1, late: 0.1, doubled: 0.1, odd: true },
];

/** Every choice of what a carrier says of its frames. */
const NUMBERS: readonly Numbers[] = [0, 1, 2, 3, 4, 5, 6, 7].map((told) => ({
  sequence: (told & 1) !== 0,
  chunk: (told & 2) !== 0,
  timestamp: (told & 4) !== 0,
}));

const SAID: Numbers = { sequence: true, chunk: true, timestamp: true };
const UNSAID: Numbers = { sequence: false, chunk: false, timestamp: false };

const whole = ({ start, end }: Piece): boolean => end - start >= ms(15);

describe('a tone that lost frames', () => {
  it.each(FAULTS)('does not get through, whatever the carrier says of them: $what', (faults) => {
    const random = new Random(20);
    const leaks: unknown[] = [];
    for (const set of [QUIET, VOICE, SHORT]) {
      const { mulaw, keys } = lineOfKeys(set, 5, random);
      const frames = framesOf(mulaw.length, faults.odd && random);
      const arriving = arrivals(frames, faults, random);
      for (const numbers of NUMBERS) {
        const run = throughLoss(marked(mulaw, keys), arriving, numbers, { holdMs: 20 });
        expect(run.pieces.some(whole)).toBe(true);
        // By a loss that was told not even a scrap is passed.
        const kept = run.pieces.filter((piece) => whole(piece) || run.told.has(piece));
        leaks.push(...kept.filter((piece) => run.passed(piece) > 0).map((piece) => ({ numbers, piece })));
      }
    }
    expect(leaks).toEqual([]);
  });

  it.each([20, 60, 200, 500])('does not get through where %i ms are missing', (missing) => {
    const { mulaw, keys } = lineOfKeys({ ...QUIET, duration: [120, 120] }, 1, new Random(2));
    const [start, end] = keys.flatMap((key) => [key.start, key.end]) as [number, number];
    const leaks: unknown[] = [];
    for (const edge of [start, end]) {
      for (let from = edge - ms(20); from <= edge + ms(20); from += ms(1.75)) {
        // Frames that begin anew behind the gap, so that it begins and ends at any sample.
        const after = framesOf(mulaw.length - from - ms(missing)).map((frame) => ({
          number: frame.number + 1000,
          start: frame.start + from + ms(missing),
          end: frame.end + from + ms(missing),
        }));
        for (const numbers of [SAID, UNSAID]) {
          const run = throughLoss(marked(mulaw, keys), [...framesOf(from), ...after], numbers, {
            holdMs: 20,
          });
          const kept = run.pieces.filter((piece) => whole(piece) || run.told.has(piece));
          leaks.push(
            ...kept.filter((piece) => run.passed(piece) > 0).map((piece) => ({ numbers, piece, from })),
          );
        }
      }
    }
    expect(leaks).toEqual([]);
  });

  it.each(CONCEALMENTS)('does not get through, and nothing that %s made of it', (how) => {
    const random = new Random(30);
    const pieces: Piece[] = [];
    const leaks: Piece[] = [];
    for (const set of [QUIET, VOICE, SHORT]) {
      const { mulaw, keys } = lineOfKeys(set, 20, random);
      const levels = keys.map(({ sines: [low, high] }) => Math.max(low.level, high.level));
      const lost = (): boolean => random.next() < 0.2;
      const line = concealed(marked(mulaw, keys), lost, how, levels, random);
      const { passed } = through(line.mulaw, { holdMs: 20 });
      pieces.push(...line.whole);
      leaks.push(...line.whole.filter((piece) => passed(piece) > 0));
    }
    expect(pieces.length).toBeGreaterThan(60);
    expect(leaks).toEqual([]);
  });
});

describe('where audio is missing', () => {
  it('the agent hears none of the 20 ms before it and the 15 ms after it', () => {
    const voice = toMulaw(voiceLike(2, new Random(8)));
    const at = ms(1_003.5);
    const guard = new Guard({ holdMs: 20 }, { press() {} });
    const output = new Uint8Array(voice.length);
    guard.process(voice.subarray(0, at), output.subarray(0, at));
    guard.gap(ms(20));
    guard.process(voice.subarray(at), output.subarray(at));
    const passed = passedThrough(voice, output, ms(20));
    expect(passed.slice(at, at + ms(35))).toEqual(new Uint8Array(ms(35)));
    expect([passed[at - 1], passed[at + ms(35) + ms(160)]]).toEqual([1, 1]);
  });
});

describe('a press that lost frames', () => {
  it('counts once when 20 ms are lost of it', () => {
    const { mulaw, keys } = lineOfKeys({ ...QUIET, duration: [80, 300] }, 40, new Random(3));
    const arriving = arrivals(framesOf(mulaw.length), { lost: 0.05 }, new Random(4));
    const { presses } = throughLoss(marked(mulaw, keys), arriving, SAID, { holdMs: 20 });
    expect(presses.map(({ key }) => key)).toEqual(keys.map(({ key }) => key));
  });

  it('begins where it began on the line', () => {
    const { mulaw, keys } = lineOfKeys({ ...QUIET, duration: [80, 300] }, 40, new Random(3));
    const lost = { lost: 0.02, burst: 5 };
    const arriving = arrivals(framesOf(mulaw.length), lost, new Random(4));
    const { presses } = throughLoss(marked(mulaw, keys), arriving, SAID, { holdMs: 20 });
    const astray = presses.filter(
      ({ key, onset }) =>
        !keys.some((one) => one.key === key && onset > one.start - ms(30) && onset < one.end),
    );
    expect(presses.length).toBeGreaterThan(30);
    expect(astray).toEqual([]);
  });
});
