import { describe, expect, it } from '@jest/globals';
import { toMulaw } from '../../src/dsp/tone.js';
import { through, type GuardRun } from '../support/keyed-line.js';
import { Random } from '../support/random.js';
import { ms } from '../support/tones.js';
import { AROUND, degradedKeys, type DegradedKey } from './fixtures/degraded-keys.js';

const KEYS = degradedKeys();

/** Keys of 16 of which the first milliseconds come out: what a codec plays there is not yet two tones. */
const LEAKY: Readonly<Record<string, number>> = { 'GSM full rate': 1 };
/** Of 16 the detector counts so many, with no field open or with one; none is taken for another. */
const COUNTED: Readonly<Record<string, number>> = {
  'AMR 4.75 kbit/s': 14,
  'AMR 5.9 kbit/s': 14,
  'AMR 7.4 kbit/s': 15,
  'AMR 12.2 kbit/s': 16,
  'GSM full rate': 15,
  'G.729A': 15,
  'G.726 32 kbit/s': 16,
};

const random = new Random(1);
const IDLE = toMulaw(Float64Array.from({ length: ms(400) }, () => 8 * random.gauss()));

/** A key with a telephone's idle noise before and after it, through the guard. */
function heard({ clip }: DegradedKey, fieldOpen: boolean): { leaked: number; presses: GuardRun['presses'] } {
  const { passed, presses } = through(Uint8Array.from([...IDLE, ...clip, ...IDLE]), {
    holdMs: 20,
    fieldOpen,
  });
  const start = IDLE.length + AROUND;
  return { leaked: passed({ start, end: start + clip.length - 2 * AROUND }), presses };
}

describe.each([false, true])('keys that went through a codec (a field is open: %s)', (fieldOpen) => {
  it.each(Object.entries(COUNTED))('are masked, and most are counted: %s', (codec, least) => {
    const runs = KEYS.filter((key) => key.codec === codec).map((key) => ({ key, ...heard(key, fieldOpen) }));
    expect(runs).toHaveLength(16);
    expect(runs.filter(({ leaked }) => leaked > 0).length).toBeLessThanOrEqual(LEAKY[codec] ?? 0);
    expect(runs.filter(({ presses }) => presses.length === 1).length).toBeGreaterThanOrEqual(least);
    expect(runs.flatMap(({ key, presses }) => presses.filter((press) => press.key !== key.key))).toEqual([]);
  });
});
