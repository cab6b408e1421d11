import { describe, it, expect } from '@jest/globals';
import { addKeyTone, toMulaw } from '../../src/dsp/tone.js';
import { CoverWatch } from '../../src/recording/cover-watch.js';
import { Covers } from '../../src/recording/covers.js';
import { Random } from '../support/random.js';
import { lineOfKeys, voiceLike } from '../support/tones.js';

describe('the watch on a guard', () => {
  const input = Uint8Array.from({ length: 400 }, (_, n) => n % 251);

  /** What the watch says of blocks of 20 samples when the guard holds back 160 and changes output from..to. */
  function watched(from: number, to: number, piece: number): boolean[] {
    const output = Uint8Array.from(input, (_, n) => (n < 160 ? 255 : (input[n - 160] ?? 0)));
    for (let n = from; n < to; n++) output[n] = 254;
    const blocks: boolean[] = [];
    const watch = new CoverWatch(160, (covered) => blocks.push(covered));
    for (let at = 0; at < 400; at += piece)
      watch.compare(input.subarray(at, at + piece), output.subarray(at, at + piece));
    return blocks;
  }

  it('tells of each block of the input, whether it came out', () => {
    for (const piece of [1, 33, 400]) {
      expect(watched(0, 0, piece)).toEqual(Array(12).fill(false));
      expect(watched(180, 220, piece)).toEqual(Array.from({ length: 12 }, (_, n) => n === 1 || n === 2));
      expect(watched(199, 200, piece)).toEqual(Array.from({ length: 12 }, (_, n) => n === 1));
    }
  });
});

describe('the covers of a recording', () => {
  const samples = new Float64Array(40_000);
  for (const start of [8000, 32_000, 39_800]) addKeyTone(samples, 5, start, 480);
  const mulaw = toMulaw(samples);

  function covers(within: { start: number; end: number }[], audio = mulaw) {
    const found = new Covers(within);
    for (let at = 0; at < audio.length; at += 777) found.process(audio.subarray(at, at + 777));
    return found.end();
  }

  it('begin 30 ms or more before a tone and end as much after it, on the last sample too', () => {
    const found = covers([{ start: 0, end: 40_000 }]);
    expect(
      found.map(({ start, end }) => [start <= 7760, start > 6000, end >= 8720, end < 14_000])[0],
    ).toEqual([true, true, true, true]);
    const last = found.at(-1);
    expect([(last?.start ?? 0) <= 39_560, (last?.end ?? 0) >= 40_000]).toEqual([true, true]);
  });

  it('are those that touch the spans that were asked for', () => {
    expect(covers([{ start: 20_000, end: 20_001 }])).toEqual([]);
    expect(covers([{ start: 8100, end: 8101 }])).toEqual(covers([{ start: 0, end: 9000 }]));
    expect(covers([{ start: 8100, end: 8101 }])).toHaveLength(1);
  });

  it('leave a voice alone, but for a few syllables', () => {
    const found = covers([{ start: 0, end: 160_000 }], toMulaw(voiceLike(20, new Random(4))));
    expect(found.reduce((sum, { start, end }) => sum + end - start, 0)).toBeLessThan(0.05 * 160_000);
  });
});

describe('keys that a voice all but hides', () => {
  const set = {
    duration: [40, 100],
    level: [-20, -10],
    twist: [-8, 4],
    rest: { kind: 'voice', under: 5 },
  } as const;
  const { mulaw, keys } = lineOfKeys(set, 60, new Random(21));

  it('are covered as while a field is open', () => {
    const found = new Covers([{ start: 0, end: mulaw.length }]);
    found.process(mulaw);
    const covers = found.end();
    const whole = keys.filter((key) => covers.some(({ start, end }) => start <= key.start && end >= key.end));
    expect(whole).toHaveLength(keys.length);
  });
});
