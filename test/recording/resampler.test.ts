import { describe, it, expect } from '@jest/globals';
import { Resampler } from '../../src/recording/resampler.js';

const RATES = [8001, 11_025, 12_000, 16_000, 22_050, 44_100, 48_000, 192_000];

const sine = (hz: number, rate: number, length: number): Float32Array =>
  Float32Array.from({ length }, (_, n) => 10_000 * Math.sin((2 * Math.PI * hz * n) / rate));

function resampled(input: Float32Array, rate: number, piece = input.length): Float32Array {
  const resampler = new Resampler(rate);
  const parts: Float32Array[] = [];
  for (let at = 0; at < input.length; at += piece)
    parts.push(resampler.process(input.subarray(at, at + piece)));
  parts.push(resampler.end());
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

/** The most that two signals differ by, away from their ends. */
function difference(one: Float32Array, other: Float32Array): number {
  return one
    .subarray(100, -100)
    .reduce((most, x, n) => Math.max(most, Math.abs(x - (other[n + 100] ?? 0))), 0);
}

describe('the resampler', () => {
  it.each(RATES)('keeps what a telephone passes, where it was, from %d', (rate) => {
    for (const hz of [300, 941, 1633, 3300]) {
      const output = resampled(sine(hz, rate, rate / 4), rate);
      // −40 dB: below the noise of µ-law.
      expect(difference(output, sine(hz, 8000, output.length))).toBeLessThan(100);
    }
  });

  it.each([11_025, 16_000, 44_100, 48_000])('takes away what would fold back onto tones, from %d', (rate) => {
    for (const hz of [4800, 5200]) {
      const output = resampled(sine(hz, rate, rate / 4), rate);
      expect(difference(output, new Float32Array(output.length))).toBeLessThan(50);
    }
  });

  it.each(RATES)('gives the same however the input is cut, from %d', (rate) => {
    const input = sine(1000, rate, 2001);
    expect(resampled(input, rate, 13)).toEqual(resampled(input, rate));
  });

  it('gives one sample for each of 8 kHz that begins within the input', () => {
    expect(RATES.map((rate) => resampled(sine(1000, rate, 1000), rate).length)).toEqual([
      1000, 726, 667, 500, 363, 182, 167, 42,
    ]);
    expect(resampled(new Float32Array(0), 44_100)).toHaveLength(0);
  });
});
