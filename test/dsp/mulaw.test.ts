import { describe, it, expect } from '@jest/globals';
import { MULAW_DECODE, MULAW_SILENCE, amplitudeOf, dbm0Of, mulawEncode } from '../../src/dsp/mulaw.js';

describe('µ-law', () => {
  it('gives every byte back, but for minus zero', () => {
    const back = Array.from({ length: 256 }, (_, byte) => mulawEncode(MULAW_DECODE[byte] ?? 0));
    expect(back).toEqual(Array.from({ length: 256 }, (_, byte) => (byte === 0x7f ? MULAW_SILENCE : byte)));
  });

  it('clips beyond full scale', () => {
    expect([mulawEncode(40_000), mulawEncode(-40_000)]).toEqual([0x80, 0x00]);
  });

  it('has the digital milliwatt of G.711 at 0 dBm0', () => {
    const period = [0x1e, 0x0b, 0x0b, 0x1e, 0x9e, 0x8b, 0x8b, 0x9e].map((byte) => MULAW_DECODE[byte] ?? 0);
    const peak = Math.sqrt((2 * period.reduce((sum, x) => sum + x * x, 0)) / period.length);
    expect(dbm0Of(peak)).toBeCloseTo(0, 2);
  });

  it('has a full-scale sine at +3.17 dBm0', () => {
    expect(amplitudeOf(3.17)).toBeCloseTo(8159 * 4, 6);
  });
});
