import { describe, expect, it } from '@jest/globals';
import { Guard } from '../../src/dsp/guard.js';
import { MULAW_SILENCE, SAMPLE_RATE } from '../../src/dsp/mulaw.js';
import { addKeyTone, addSine, keypadTone, toMulaw } from '../../src/dsp/tone.js';
import { Tripwire } from '../../src/dsp/tripwire.js';
import { Random } from '../support/random.js';
import { lineOfKeys, ms, voiceLike, type Key, type KeySet } from '../support/tones.js';

const FRAME = 160;

/** The frames in which a key is heard, by their end. */
function alarms(mulaw: Uint8Array, frame = FRAME): number[] {
  const tripwire = new Tripwire();
  const ends: number[] = [];
  for (let start = 0; start < mulaw.length; start += frame) {
    const end = Math.min(start + frame, mulaw.length);
    if (tripwire.hears(mulaw.subarray(start, end))) ends.push(end);
  }
  return ends;
}

function missed(mulaw: Uint8Array, keys: readonly Key[]): number {
  const ends = alarms(mulaw);
  return keys.filter(({ start, end }) => !ends.some((at) => at > start && at <= end + FRAME)).length;
}

function guarded(mulaw: Uint8Array): Uint8Array {
  const heard = new Uint8Array(mulaw.length);
  const guard: Guard = new Guard({ holdMs: 20 }, { press: () => guard.beep() });
  guard.process(mulaw, heard);
  return heard;
}

const phaseAt = (hz: number, n: number): number => (2 * Math.PI * hz * n) / SAMPLE_RATE;

const CLEAR: KeySet = { duration: [40, 300], level: [-25, -3], twist: [-8, 4] };
const SHORTEST: KeySet = { ...CLEAR, duration: [40, 40] };
const NOISE = { kind: 'noise', under: 20 } as const;

describe('the tripwire', () => {
  it.each([
    ['on a quiet line', CLEAR],
    ['under noise 20 dB weaker', { ...CLEAR, rest: NOISE }],
    ['of 40 ms on a quiet line', SHORTEST],
    ['of 40 ms under noise 20 dB weaker', { ...SHORTEST, rest: NOISE }],
  ])('finds every clear key %s', (_, set) => {
    const { mulaw, keys } = lineOfKeys(set, 300, new Random(1));
    expect(missed(mulaw, keys)).toBe(0);
  });

  it('finds each of the sixteen keys, at −45 dBm0 too', () => {
    for (let key = 0; key < 16; key++) {
      for (const level of [-3, -45]) expect(alarms(keypadTone(key, ms(60), { level }))).not.toEqual([]);
    }
  });

  it('finds a key within 40 ms, and hears it for as long as it lasts', () => {
    const samples = new Float64Array(ms(400));
    addKeyTone(samples, 5, ms(100), ms(200));
    const ends = alarms(toMulaw(samples), ms(5));
    expect(ends[0]).toBeLessThanOrEqual(ms(140));
    expect(ends.at(-1)).toBeGreaterThanOrEqual(ms(295));
    expect(ends.at(-1)).toBeLessThanOrEqual(ms(310));
  });

  it('hears the same however the audio is cut', () => {
    const { mulaw } = lineOfKeys({ ...CLEAR, rest: NOISE }, 5, new Random(2));
    const whole = new Tripwire();
    expect(whole.hears(mulaw)).toBe(true);
    const steps = alarms(mulaw, ms(5));
    for (const cut of [7, 33, 160, 1000]) {
      const reached = steps.map((end) => Math.min(Math.ceil(end / cut) * cut, mulaw.length));
      expect(alarms(mulaw, cut)).toEqual([...new Set(reached)]);
    }
  });

  it('takes nothing else for a key', () => {
    const random = new Random(3);
    const second = SAMPLE_RATE;
    const noise = Float64Array.from({ length: 20 * second }, () => 800 * random.gauss());
    const alone = new Float64Array(second);
    addSine(alone, { hz: 770, level: -10 });
    const dialTone = new Float64Array(second);
    for (const hz of [350, 440]) addSine(dialTone, { hz, level: -13 });
    const ringing = new Float64Array(second);
    for (const hz of [400, 450]) addSine(ringing, { hz, level: -16 });
    const folded = new Float64Array(second);
    addSine(folded, { hz: 770, level: -10 });
    addSine(folded, { hz: 4000 - 1336, level: -10 });
    const aside = new Float64Array(second);
    addSine(aside, { hz: 770 * 1.035, level: -10 });
    addSine(aside, { hz: 1336 * 1.035, level: -10 });
    const chord = new Float64Array(second);
    for (const hz of [770, 1336, 2900]) addSine(chord, { hz, level: hz < 2000 ? -10 : -18 });
    const swell = new Float64Array(second);
    addSine(swell, { hz: 770, level: -30 });
    for (let n = 0; n < ms(100); n += 8)
      addSine(swell, { hz: 1336, level: -45 + n / 16, phase: phaseAt(1336, n) }, n, 8);
    const silence = new Uint8Array(second).fill(MULAW_SILENCE);
    const sounds = [noise, alone, dialTone, ringing, folded, aside, chord, swell, voiceLike(60, random)].map(
      toMulaw,
    );
    for (const sound of [...sounds, silence]) expect(alarms(sound)).toEqual([]);
  });

  it('hears nothing behind the guard: not in beeps, not in comfort noise, not in what is covered', () => {
    const random = new Random(5);
    const voice = { kind: 'voice', under: 12 } as const;
    for (const set of [CLEAR, { ...CLEAR, rest: NOISE }, { ...CLEAR, rest: voice }]) {
      expect(alarms(guarded(lineOfKeys(set, 50, random).mulaw))).toEqual([]);
    }
  });

  it('forgets what it heard when it is wiped', () => {
    const key = keypadTone(7, ms(40));
    const tripwire = new Tripwire();
    expect(tripwire.hears(key.subarray(0, ms(20)))).toBe(false);
    expect(tripwire.hears(key.subarray(ms(20)))).toBe(true);
    tripwire.wipe();
    expect(tripwire.hears(key.subarray(0, ms(20)))).toBe(false);
    tripwire.wipe();
    expect(tripwire.hears(key.subarray(ms(20)))).toBe(false);
  });
});
