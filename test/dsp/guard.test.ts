import { describe, it, expect } from '@jest/globals';
import { array, assert, integer, property } from 'fast-check';
import { BEEP_LENGTH, GRID, MOST_BEEPS_WAITING } from '../../src/dsp/beeper.js';
import { COVER, Guard, type GuardListener, type GuardOptions } from '../../src/dsp/guard.js';
import { MULAW_DECODE, MULAW_SILENCE, dbm0Of } from '../../src/dsp/mulaw.js';
import { addKeyTone, toMulaw } from '../../src/dsp/tone.js';
import { KeyCell, NO_KEY } from '../../src/secret.js';
import { leaked, passedThrough } from '../support/leak.js';
import { Random } from '../support/random.js';
import { lineOfKeys, meanPower, ms, voiceLike } from '../support/tones.js';

const HOLD = ms(20);
const FRAME = 160;

/** What beeps: one slot in a row of slots, told by its loudness. */
function beepsIn(output: Uint8Array): number {
  let beeps = 0;
  for (let slot = 0; slot + BEEP_LENGTH <= output.length; slot += GRID) {
    const loud = output.subarray(slot, slot + BEEP_LENGTH).filter((byte) => (byte & 0x7f) < 0x40).length;
    if (loud > BEEP_LENGTH / 2) beeps++;
  }
  return beeps;
}

function quietGuard(): Guard {
  return new Guard({ holdMs: 20 }, { press: () => undefined });
}

/** Keys of 50 ms with pauses of 50 ms, as a dialler sends them. */
function fastKeys(keys: readonly number[]): Uint8Array {
  const samples = new Float64Array(ms(600 + keys.length * 100 + 500));
  keys.forEach((key, n) => addKeyTone(samples, key, ms(600 + n * 100), ms(50)));
  return toMulaw(samples);
}

describe('the guard', () => {
  it('tells each press with its key and where it began, and clears the cell', () => {
    const presses: (readonly [key: number, onset: number])[] = [];
    let seen: KeyCell | undefined;
    const guard = new Guard(
      { holdMs: 20 },
      {
        press(cell, onset) {
          seen = cell;
          presses.push([cell.key, onset]);
        },
      },
    );
    const mulaw = fastKeys([4, 2, 2, 13, 11]);
    guard.process(mulaw, new Uint8Array(mulaw.length));
    expect(presses.map(([key]) => key)).toEqual([4, 2, 2, 13, 11]);
    for (const [n, [, onset]] of presses.entries()) {
      expect(Math.abs(onset - ms(600 + n * 100))).toBeLessThanOrEqual(ms(3));
    }
    expect(seen?.key).toBe(NO_KEY);
    expect([guard.position, guard.faults]).toEqual([mulaw.length, 0]);
  });

  it('gives the same output however the input is cut', () => {
    const { mulaw } = lineOfKeys(
      { duration: [20, 200], level: [-25, -3], twist: [-8, 4], rest: { kind: 'voice', under: 12 } },
      4,
      new Random(12),
    );
    const whole = new Uint8Array(mulaw.length);
    const one: Guard = new Guard({ holdMs: 20 }, { press: () => one.beep() });
    one.process(mulaw, whole);
    assert(
      property(array(integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 40 }), (cuts) => {
        const guard: Guard = new Guard({ holdMs: 20 }, { press: () => guard.beep() });
        const output = new Uint8Array(mulaw.length);
        for (let at = 0, n = 0; at < mulaw.length; n++) {
          const end = Math.min(mulaw.length, at + (cuts[n % cuts.length] ?? 1));
          guard.process(mulaw.subarray(at, end), output.subarray(at, end));
          at = end;
        }
        return Buffer.from(output).equals(whole);
      }),
      { numRuns: 15 },
    );
  });

  it('beeps for each of many fast presses, and stays covered until the last', () => {
    const keys = [4, 2, 4, 2, 4, 2, 4, 2];
    const mulaw = fastKeys(keys);
    const input = new Uint8Array(mulaw.length + ms(2000)).fill(MULAW_SILENCE);
    input.set(mulaw);
    const output = new Uint8Array(input.length);
    const guard: Guard = new Guard({ holdMs: 20 }, { press: () => guard.beep() });
    guard.process(input, output);
    expect(beepsIn(output)).toBe(keys.length);
    const passed = passedThrough(input, output, HOLD);
    const lastBeep = Math.ceil(ms(635) / GRID) * GRID + (keys.length - 1) * GRID;
    expect(passed.subarray(ms(600) + HOLD, lastBeep + BEEP_LENGTH).every((one) => one === 0)).toBe(true);
    expect(passed[lastBeep + 2 * GRID]).toBe(1);
  });

  it('does not beep unless it is asked to', () => {
    const mulaw = fastKeys([1, 2, 3]);
    const output = new Uint8Array(mulaw.length);
    quietGuard().process(mulaw, output);
    expect(beepsIn(output)).toBe(0);
  });

  it('bounds the beeps that wait', () => {
    const guard = quietGuard();
    for (let n = 0; n < MOST_BEEPS_WAITING + 5; n++) guard.beep();
    const input = new Uint8Array((MOST_BEEPS_WAITING + 8) * GRID).fill(MULAW_SILENCE);
    const output = new Uint8Array(input.length);
    guard.process(input, output);
    expect(beepsIn(output)).toBe(MOST_BEEPS_WAITING);
  });

  it('covers what is held back and what comes, when the carrier tells of a key', () => {
    const mulaw = toMulaw(voiceLike(2, new Random(31)));
    const output = new Uint8Array(mulaw.length);
    const guard = quietGuard();
    guard.process(mulaw.subarray(0, 4000), output.subarray(0, 4000));
    guard.cover();
    guard.process(mulaw.subarray(4000), output.subarray(4000));
    const passed = passedThrough(mulaw, output, HOLD);
    const opens = Math.ceil((4000 + COVER) / GRID) * GRID;
    expect(passed.subarray(3000, 4000).every((one) => one === 1)).toBe(true);
    expect(passed.subarray(4000, opens).every((one) => one === 0)).toBe(true);
    expect(passed.subarray(opens, opens + 1000).every((one) => one === 1)).toBe(true);
  });

  it('covers a tone that is no press for as long as it is suspect, and to a grid of 10 ms', () => {
    const samples = new Float64Array(ms(1000));
    addKeyTone(samples, 8, ms(403), ms(20));
    const mulaw = toMulaw(samples);
    const output = new Uint8Array(mulaw.length);
    quietGuard().process(mulaw, output);
    const passed = passedThrough(mulaw, output, HOLD);
    const opens = passed.indexOf(1, ms(423) + HOLD);
    expect(leaked(passed, { start: ms(403), end: ms(423) }, HOLD)).toBe(0);
    expect(opens % ms(10)).toBe(0);
    expect(opens).toBeLessThanOrEqual(ms(423 + 40) + HOLD);
  });

  it('covers both sides of missing audio, and counts it', () => {
    const mulaw = toMulaw(voiceLike(2, new Random(32)));
    const output = new Uint8Array(mulaw.length);
    const guard = quietGuard();
    guard.process(mulaw.subarray(0, 4000), output.subarray(0, 4000));
    guard.gap(FRAME);
    guard.process(mulaw.subarray(4000), output.subarray(4000));
    const passed = passedThrough(mulaw, output, HOLD);
    expect(leaked(passed, { start: 4000 - HOLD, end: 4000 + ms(15) }, HOLD)).toBe(0);
    expect(passed[4000 + 2 * GRID]).toBe(1);
    expect(guard.position).toBe(mulaw.length + FRAME);
  });

  it('lets no tone through that goes on over missing audio', () => {
    const mulaw = fastKeys([5]);
    const cut = ms(605);
    const output = new Uint8Array(mulaw.length);
    const guard = quietGuard();
    guard.process(mulaw.subarray(0, cut), output.subarray(0, cut));
    guard.gap(FRAME);
    guard.process(mulaw.subarray(cut), output.subarray(cut));
    expect(leaked(passedThrough(mulaw, output, HOLD), { start: ms(600), end: ms(650) }, HOLD)).toBe(0);
  });

  it('is silent when something in it fails, and goes on', () => {
    const failing: GuardListener = {
      press() {
        throw new Error('on purpose');
      },
    };
    const guard = new Guard({ holdMs: 20 }, failing);
    const mulaw = fastKeys([7]);
    const output = new Uint8Array(mulaw.length);
    for (let at = 0; at < mulaw.length; at += FRAME) {
      guard.process(mulaw.subarray(at, at + FRAME), output.subarray(at, at + FRAME));
    }
    expect([guard.faults, guard.position]).toEqual([1, mulaw.length]);
    const fault = Math.floor(ms(640) / FRAME) * FRAME;
    const silent = (from: number): boolean =>
      output.subarray(from, from + FRAME).every((byte) => byte === MULAW_SILENCE);
    expect([fault - FRAME, fault, fault + FRAME].filter(silent)).toHaveLength(1);
    expect(leaked(passedThrough(mulaw, output, HOLD), { start: ms(600), end: ms(650) }, HOLD)).toBe(0);
  });

  it('lets nothing of before a wipe out after it', () => {
    const guard = quietGuard();
    const voice = toMulaw(voiceLike(1, new Random(33)));
    guard.process(voice, new Uint8Array(voice.length));
    guard.wipe();
    const output = new Uint8Array(HOLD);
    guard.process(new Uint8Array(HOLD).fill(MULAW_SILENCE), output);
    expect(output.every((byte) => (byte & 0x7f) > 0x60)).toBe(true);
  });

  it.each([-65, -55, -40])('covers with comfort noise at %p dBm0', (comfortNoiseLevel) => {
    const guard = new Guard({ holdMs: 20, comfortNoiseLevel }, { press: () => undefined });
    guard.cover();
    const output = new Uint8Array(COVER);
    guard.process(new Uint8Array(COVER).fill(MULAW_SILENCE), output);
    const power = meanPower(Float64Array.from(output, (byte) => MULAW_DECODE[byte] ?? 0));
    expect(Math.abs(dbm0Of(Math.sqrt(2 * power)) - comfortNoiseLevel)).toBeLessThan(1);
  });

  it('refuses a beep or a noise that is too loud or too soft', () => {
    const refused = (options: Partial<GuardOptions>): void =>
      expect(() => new Guard({ holdMs: 20, ...options }, { press: () => undefined })).toThrow(RangeError);
    for (const beepLevel of [-41, 0, Number.NaN]) refused({ beepLevel });
    for (const comfortNoiseLevel of [-66, -39, Number.NaN]) refused({ comfortNoiseLevel });
  });
});
