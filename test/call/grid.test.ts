import { describe, expect, it } from '@jest/globals';
import { Grid } from '../../src/call/grid.js';
import { ManualClock } from '../support/manual-clock.js';

function watched(): { clock: ManualClock; grid: Grid; times: number[] } {
  const clock = new ManualClock();
  const times: number[] = [];
  const grid = new Grid(clock, () => times.push(clock.monotonic()));
  return { clock, grid, times };
}

describe('the grid', () => {
  it('shows changes on its lines, 160 ms apart, whenever they came', () => {
    const { clock, grid, times } = watched();
    for (const wait of [10, 37, 200, 3, 90, 411]) {
      clock.advance(wait);
      grid.soon();
    }
    clock.advance(1000);
    expect(times).toEqual([160, 320, 480, 800]);
  });

  it('shows once for all that happened between two lines', () => {
    const { clock, grid, times } = watched();
    for (let i = 0; i < 10; i++) grid.soon();
    clock.advance(160);
    expect(times).toEqual([160]);
  });

  it('shows at once what no key press did', () => {
    const { clock, grid, times } = watched();
    clock.advance(25);
    grid.soon();
    grid.now();
    clock.advance(500);
    expect(times).toEqual([25]);
  });
});
