import { describe, expect, it } from '@jest/globals';
import { Spectrum } from '../../../src/console/web/spectrum.js';

function sine(hertz: number, amplitude: number): Int16Array {
  return Int16Array.from({ length: 160 }, (_, i) =>
    Math.round(amplitude * Math.sin((2 * Math.PI * hertz * i) / 8000)),
  );
}

describe('the spectrum', () => {
  it('shows a beep of 1 kHz in the band of 1 kHz, at its level', () => {
    const spectrum = new Spectrum();
    spectrum.push(sine(1000, 16_384));
    const column = spectrum.push(sine(1000, 16_384));
    expect(column.indexOf(Math.max(...column))).toBe(32);
    // Half of full scale is 6 dB down, of a picture that shows 72.
    expect(column[32]).toBeCloseTo(1 - 6 / 72, 1);
    expect(column[96]).toBeLessThan(0.3);
  });

  it('is dark for silence', () => {
    expect([...new Spectrum().push(new Int16Array(160))].every((value) => value === 0)).toBe(true);
  });
});
