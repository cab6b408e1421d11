import { describe, it, expect } from '@jest/globals';
import { DtmfReceiver } from '../../src/dsp/dtmf-receiver.js';
import { addKeyTone, addSine, keySines, toMulaw, type KeyTone } from '../../src/dsp/tone.js';
import { Random } from '../support/random.js';
import { lineOfKeys, ms, voiceLike } from '../support/tones.js';

interface Heard {
  key: number;
  start: number;
  length: number;
  level: number;
}

function listen(mulaw: Uint8Array, piece = mulaw.length): Heard[] {
  const heard: Heard[] = [];
  const receiver = new DtmfReceiver({ up: (cell, press) => heard.push({ key: cell.key, ...press }) });
  for (let at = 0; at < mulaw.length; at += piece) receiver.process(mulaw.subarray(at, at + piece));
  receiver.end();
  return heard;
}

/** Tones of one key one after the other, each `on` ms long and followed by `off` ms of silence, from 100 ms on. */
function line(
  key: number,
  parts: readonly (readonly [on: number, off: number])[],
  tone: KeyTone = {},
): Uint8Array {
  const samples = new Float64Array(ms(200 + parts.reduce((sum, [on, off]) => sum + on + off, 0)));
  let at = ms(100);
  for (const [on, off] of parts) {
    addKeyTone(samples, key, at, ms(on), tone);
    at += ms(on + off);
  }
  return toMulaw(samples);
}

/** The same, begun all over a block: nothing may hang on where a tone lies between the steps. */
function countsAtEveryOffset(
  parts: readonly (readonly [on: number, off: number])[],
  tone: KeyTone = {},
): Set<number> {
  const counts = new Set<number>();
  for (let offset = 0; offset < 40; offset += 3) {
    const mulaw = line(5, parts, tone);
    const shifted = new Uint8Array(mulaw.length + offset).fill(0xff);
    shifted.set(mulaw, offset);
    counts.add(listen(shifted).length);
  }
  return counts;
}

describe('the receiver', () => {
  it('hears all sixteen keys', () => {
    const keys = Array.from({ length: 16 }, (_, key) => key);
    expect(keys.map((key) => listen(line(key, [[60, 60]])).map((press) => press.key))).toEqual(
      keys.map((key) => [key]),
    );
  });

  it('says where a press is and how loud its stronger tone', () => {
    for (const [key, on, level, twist] of [
      [1, 50, -10, 0],
      [5, 80, -25, -6],
      [0, 200, -4, 3],
      [15, 300, -35, 0],
    ] as const) {
      const [press] = listen(line(key, [[on, 50]], { level, twist }));
      expect(Math.abs((press?.start ?? 0) - ms(100))).toBeLessThanOrEqual(ms(2));
      expect(Math.abs((press?.length ?? 0) - ms(on))).toBeLessThanOrEqual(ms(3));
      expect(Math.abs((press?.level ?? 0) - level)).toBeLessThan(0.5);
    }
  });

  it('takes every tone of 40 ms and none of 23 ms', () => {
    expect(countsAtEveryOffset([[40, 40]])).toEqual(new Set([1]));
    expect(countsAtEveryOffset([[23, 60]])).toEqual(new Set([0]));
  });

  it('tells two presses of one key by a pause of 30 ms', () => {
    expect(countsAtEveryOffset([[40, 30], [40, 40]])).toEqual(new Set([2])); // prettier-ignore
  });

  it('bridges an interruption of 10 ms', () => {
    expect(countsAtEveryOffset([[40, 10], [40, 40]])).toEqual(new Set([1])); // prettier-ignore
    expect(countsAtEveryOffset([[20, 10], [20, 40]])).toEqual(new Set([1])); // prettier-ignore
  });

  it.each([-0.018, -0.015, 0.015, 0.018])('takes tones that are %p off their frequency', (detune) => {
    for (const key of [1, 5, 9, 15]) expect(listen(line(key, [[50, 50]], { detune }))).toHaveLength(1);
  });

  it.each([-0.035, 0.035])('refuses tones that are %p off their frequency', (detune) => {
    for (const key of [1, 5, 9, 15]) expect(listen(line(key, [[50, 50]], { detune }))).toEqual([]);
  });

  it('refuses a key of which one tone alone is 3.5 % off', () => {
    for (const key of [1, 5, 9, 15]) {
      for (const off of [0, 1]) {
        const samples = new Float64Array(ms(200));
        keySines(key).forEach((sine, n) => {
          addSine(samples, { ...sine, hz: sine.hz * (n === off ? 1.035 : 1) }, ms(50), ms(60));
        });
        expect(listen(toMulaw(samples))).toEqual([]);
      }
    }
  });

  it.each([-10, 10])('takes a twist of %p dB', (twist) => {
    for (const key of [1, 5, 9, 15]) expect(listen(line(key, [[40, 50]], { twist }))).toHaveLength(1);
  });

  it.each([-12.5, 12.5])('refuses a twist of %p dB', (twist) => {
    for (const key of [1, 5, 9, 15]) expect(listen(line(key, [[60, 50]], { twist }))).toEqual([]);
  });

  it('takes levels from −3 to −50 dBm0 and refuses −55 dBm0', () => {
    for (const level of [-3, -10, -25, -40, -50])
      expect(listen(line(7, [[40, 50]], { level }))).toHaveLength(1);
    expect(listen(line(7, [[100, 50]], { level: -55 }))).toEqual([]);
  });

  it.each([
    ['noise 20 dB under', { kind: 'noise', under: 20 }],
    ['a voice 12 dB under', { kind: 'voice', under: 12 }],
  ] as const)('hears every key of the wide set right, with %s', (_, rest) => {
    const { mulaw, keys } = lineOfKeys(
      { duration: [40, 300], level: [-25, -3], twist: [-8, 4], rest },
      100,
      new Random(21),
    );
    expect(listen(mulaw).map((press) => press.key)).toEqual(keys.map(({ key }) => key));
  });

  it('hears no key in a voice, in noise, or in one tone alone', () => {
    const random = new Random(4);
    expect(listen(toMulaw(voiceLike(12, random)))).toEqual([]);
    expect(listen(toMulaw(Float64Array.from({ length: ms(10_000) }, () => 2000 * random.gauss())))).toEqual(
      [],
    );
    const sine = new Float64Array(ms(1000));
    addSine(sine, { hz: 770, level: -10 });
    expect(listen(toMulaw(sine))).toEqual([]);
  });

  it('reports a key that is still down when the stream ends', () => {
    const mulaw = line(8, [[100, 0]]).subarray(0, ms(170));
    expect(listen(mulaw).map(({ key, length }) => [key, Math.abs(length - ms(70)) <= ms(5)])).toEqual([
      [8, true],
    ]);
  });

  it('hears the same however the stream is cut', () => {
    const { mulaw } = lineOfKeys({ duration: [20, 90], level: [-25, -3], twist: [-8, 4] }, 20, new Random(8));
    const whole = listen(mulaw);
    for (const piece of [1, 7, 160, 1000]) expect(listen(mulaw, piece)).toEqual(whole);
  });
});
