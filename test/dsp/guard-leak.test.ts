import { describe, it, expect } from '@jest/globals';
import { MULAW_SILENCE } from '../../src/dsp/mulaw.js';
import { toMulaw } from '../../src/dsp/tone.js';
import { guarded } from '../support/guarded.js';
import { leaked, passedThrough } from '../support/leak.js';
import { Random } from '../support/random.js';
import { lineOfKeys, ms, voiceLike, type KeySet } from '../support/tones.js';

const NOISE = { kind: 'noise', under: 20 } as const;
const VOICE = { kind: 'voice', under: 12 } as const;
const LOUD = [-25, -3] as const;
const AT_T = [-8, 4] as const;
const ANY_TWIST = [-12, 12] as const;

const SETS: readonly (readonly [
  name: string,
  set: KeySet,
  field: 'open' | 'closed',
  holdMs: 15 | 20 | 40,
])[] = [
  ['the wide set in quiet', { duration: [40, 300], level: LOUD, twist: AT_T }, 'closed', 20],
  ['the wide set in noise', { duration: [40, 300], level: LOUD, twist: AT_T, rest: NOISE }, 'closed', 20],
  ['the wide set in a voice', { duration: [40, 300], level: LOUD, twist: AT_T, rest: VOICE }, 'closed', 20],
  ['short bursts', { duration: [15, 40], level: LOUD, twist: AT_T }, 'closed', 20],
  ['short bursts in noise', { duration: [15, 40], level: LOUD, twist: AT_T, rest: NOISE }, 'closed', 20],
  ['quiet keys at any twist', { duration: [15, 60], level: [-45, -25], twist: ANY_TWIST }, 'closed', 20],
  [
    'the shortest, almost at the edge of twist',
    { duration: [15, 15], level: [-40, -40], twist: [11.5, 11.5] },
    'closed',
    20,
  ],
  ['any twist in noise', { duration: [15, 60], level: LOUD, twist: ANY_TWIST, rest: NOISE }, 'closed', 20],
  ['any twist in a voice', { duration: [15, 60], level: LOUD, twist: ANY_TWIST, rest: VOICE }, 'closed', 20],
  ['keys held for long', { duration: [500, 1500], level: [-45, -3], twist: ANY_TWIST }, 'closed', 20],
  [
    'a voice 6 dB under',
    { duration: [40, 300], level: LOUD, twist: AT_T, rest: { ...VOICE, under: 6 } },
    'open',
    20,
  ],
  ['a hold-back of 15 ms', { duration: [15, 60], level: LOUD, twist: AT_T, rest: NOISE }, 'open', 15],
  ['a hold-back of 40 ms', { duration: [15, 60], level: LOUD, twist: AT_T, rest: VOICE }, 'open', 40],
];

describe('the guard lets no sample of a key through', () => {
  it.each(SETS)('%s', (_, set, field, holdMs) => {
    const { mulaw, keys } = lineOfKeys(set, set.duration[0] >= 500 ? 20 : 100, new Random(1_000));
    const passed = passedThrough(mulaw, guarded(mulaw, field === 'open', holdMs), ms(holdMs));
    expect(keys.map((key) => leaked(passed, key, ms(holdMs))).filter((samples) => samples > 0)).toEqual([]);
  });
});

describe('the guard lets speech through', () => {
  it('byte for byte, but for a thousandth of the time', () => {
    const mulaw = toMulaw(voiceLike(12, new Random(3)));
    const passed = passedThrough(mulaw, guarded(mulaw, false, 20), ms(20));
    // One false alarm covers 55 to 215 ms.
    expect(passed.filter((one) => one === 0).length).toBeLessThanOrEqual(ms(215));
  });

  it('with every code of µ-law as it is, minus zero too', () => {
    const random = new Random(5);
    const mulaw = Uint8Array.from({ length: 16_000 }, () =>
      random.next() < 0.5 ? 0x7f : 0xff - random.below(8),
    );
    const output = guarded(mulaw, false, 20);
    expect(Buffer.from(output.subarray(ms(20))).equals(mulaw.subarray(0, -ms(20)))).toBe(true);
    expect(output.subarray(0, ms(20)).every((byte) => byte === MULAW_SILENCE)).toBe(true);
  });

  it('again at the latest 500 ms after a press or when its beep has ended', () => {
    const { mulaw, keys } = lineOfKeys({ duration: [40, 300], level: LOUD, twist: AT_T }, 30, new Random(6));
    const passed = passedThrough(mulaw, guarded(mulaw, true, 20), ms(20));
    for (const { start, end } of keys) {
      expect(passed[start - ms(250)]).toBe(1);
      expect(passed[end + ms(500)]).toBe(1);
    }
  });
});
