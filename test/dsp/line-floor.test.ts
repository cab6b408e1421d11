import { describe, expect, it } from '@jest/globals';
import { LineFloor } from '../../src/dsp/line-floor.js';

/** 320 ms and the 45 ms of the first mean, in blocks of 2.5 ms. */
const LONG = 146;

function after(energies: readonly number[]): number {
  const floor = new LineFloor();
  for (const energy of energies) floor.next(energy);
  return floor.value;
}

const steady = (energy: number, blocks: number): number[] => Array.from({ length: blocks }, () => energy);

describe('the floor of a line', () => {
  it('is what stays on it for 320 ms, in means of 45 ms', () => {
    expect(after(steady(7, LONG))).toBe(7);
    expect(after(steady(7, 100))).toBeLessThan(1);
    expect(after(steady(0, LONG).map((_, n) => (n % 2 === 0 ? 4 : 10)))).toBe(7);
  });

  it('falls at once, and rises when what was less is 320 ms past', () => {
    expect(after([...steady(9, LONG), ...steady(0, 6)])).toBe(6);
    expect(after([...steady(9, LONG), ...steady(0, 6), ...steady(9, 100)])).toBe(6);
    expect(after([...steady(9, LONG), ...steady(0, 6), ...steady(9, 170)])).toBe(9);
  });

  it('is nothing after a wipe', () => {
    const floor = new LineFloor();
    for (const energy of steady(7, LONG)) floor.next(energy);
    floor.wipe();
    floor.next(7);
    expect(floor.value).toBe(0);
  });
});
