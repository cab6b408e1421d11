import { describe, expect, it } from '@jest/globals';
import { LineFloor } from '../../src/dsp/line-floor.js';

const BLOCKS_OF_320_MS = 128;

function after(energies: readonly number[]): number {
  const floor = new LineFloor();
  for (const energy of energies) floor.next(energy);
  return floor.value;
}

const steady = (energy: number, blocks = BLOCKS_OF_320_MS): number[] =>
  Array.from({ length: blocks }, () => energy);

describe('the floor of a line', () => {
  it('is what stays on it for 320 ms', () => {
    expect(after(steady(7))).toBe(7);
    expect(after(steady(7, 100))).toBe(0);
  });

  it('falls at once, and rises when what was less is 320 ms past', () => {
    expect(after([...steady(7), 3])).toBe(3);
    expect(after([...steady(7), 3, ...steady(7, 100)])).toBe(3);
    expect(after([...steady(7), 3, ...steady(7, 144)])).toBe(7);
  });

  it('is nothing after a wipe', () => {
    const floor = new LineFloor();
    for (const energy of steady(7)) floor.next(energy);
    floor.wipe();
    floor.next(7);
    expect(floor.value).toBe(0);
  });
});
