import { describe, it, expect } from '@jest/globals';
import { assert, boolean, constantFrom, double, integer, property, record } from 'fast-check';
import { DtmfReceiver } from '../../src/dsp/dtmf-receiver.js';
import { addKeyTone, addSine, toMulaw } from '../../src/dsp/tone.js';
import { through } from '../support/keyed-line.js';
import { Random } from '../support/random.js';
import { lineOfKeys, ms } from '../support/tones.js';

const DIAL_TONE = ms(500);

/** Keys 1, 2, 3 of 50 ms, 100 ms apart, over sines that began half a second before. */
function keysOver(sines: readonly { hz: number; level: number }[], level: number): number[] {
  const samples = new Float64Array(DIAL_TONE + ms(600));
  for (const sine of sines) addSine(samples, sine);
  for (const key of [1, 2, 3]) addKeyTone(samples, key, DIAL_TONE + ms(150 * key), ms(50), { level });
  return heardIn(samples);
}

function heardIn(samples: Float64Array): number[] {
  const keys: number[] = [];
  const receiver = new DtmfReceiver({ up: ({ key }) => keys.push(key) });
  receiver.process(toMulaw(samples));
  receiver.end();
  return keys;
}

describe('the detector', () => {
  it('hears keys under a dial tone that is 10 dB stronger', () => {
    const dialTone = [
      { hz: 350, level: -5 },
      { hz: 440, level: -5 },
    ];
    expect(keysOver(dialTone, -15)).toEqual([1, 2, 3]);
    expect(keysOver([{ hz: 425, level: -5 }], -15)).toEqual([1, 2, 3]);
  });

  it('hears no key in a tone of the same strength that begins with it', () => {
    const samples = new Float64Array(ms(400));
    addKeyTone(samples, 5, ms(200), ms(100), { level: -15 });
    addSine(samples, { hz: 425, level: -5 }, ms(200), ms(100));
    expect(heardIn(samples)).toEqual([]);
  });

  it.each([1, 5, 9, 15])('counts key %p once though its echo follows, 20 ms late and 10 dB down', (key) => {
    const samples = new Float64Array(ms(500));
    for (const at of [100, 200, 300]) {
      addKeyTone(samples, key, ms(at), ms(50), { level: -10 });
      addKeyTone(samples, key, ms(at + 20), ms(50), { level: -20 });
    }
    expect(heardIn(samples)).toEqual([key, key, key]);
  });

  it('hears no key whose tones swell one after the other', () => {
    const samples = new Float64Array(ms(400));
    const [low, high] = [new Float64Array(ms(400)), new Float64Array(ms(400))];
    addSine(low, { hz: 770, level: -10 });
    addSine(high, { hz: 1336, level: -10 });
    for (let n = 0; n < samples.length; n++) {
      const swell = Math.sin((2 * Math.PI * n) / ms(80)) ** 2;
      samples[n] = swell * (low[n] ?? 0) + (1 - swell) * (high[n] ?? 0);
    }
    expect(heardIn(samples)).toEqual([]);
  });
});

describe('the guard is the more sensitive of the two', () => {
  const keySets = record({
    seed: integer({ min: 1, max: 1e6 }),
    least: double({ min: -55, max: -6, noNaN: true }),
    twist: double({ min: 0, max: 13, noNaN: true }),
    detune: double({ min: 0, max: 0.025, noNaN: true }),
    shortest: integer({ min: 20, max: 60 }),
    under: double({ min: 10, max: 40, noNaN: true }),
    kind: constantFrom('noise' as const, 'voice' as const),
    fieldOpen: boolean(),
  });

  it('no press is confirmed of which a sample came out', () => {
    let confirmed = 0;
    assert(
      property(keySets, ({ seed, least, twist, detune, shortest, under, kind, fieldOpen }) => {
        const { mulaw, keys } = lineOfKeys(
          {
            duration: [shortest, shortest + 40],
            level: [least, least + 6],
            twist: [-twist, twist],
            detune,
            rest: { kind, under: kind === 'voice' ? under + 2 : under },
          },
          6,
          new Random(seed),
        );
        const { presses, passed } = through(mulaw, { holdMs: 20, fieldOpen });
        const counted = keys.filter(({ start, end }) =>
          presses.some(({ onset }) => onset > start - ms(20) && onset < end),
        );
        confirmed += counted.length;
        expect(counted.filter((key) => passed(key) > 0)).toEqual([]);
      }),
      { seed: 1, numRuns: 40 },
    );
    expect(confirmed).toBeGreaterThan(130);
  });
});
