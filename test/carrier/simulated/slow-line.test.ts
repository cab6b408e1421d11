import { describe, expect, it } from '@jest/globals';
import { SlowLine } from '../../../src/carrier/simulated/slow-line.js';
import { ManualClock } from '../../support/manual-clock.js';

/** Gives `count` messages, one every 20 ms; when each left, in the order of leaving. */
function send(settings: ConstructorParameters<typeof SlowLine>[0], random: () => number, count: number) {
  const clock = new ManualClock();
  const start = clock.monotonic();
  const line = new SlowLine(settings, clock, random);
  const left: [message: number, at: number][] = [];
  for (let n = 0; n < count; n++) {
    line.run(() => left.push([n, clock.monotonic() - start]));
    clock.advance(20);
  }
  clock.advance(10_000);
  return left;
}

describe('a slow line', () => {
  it('that is not slow lets everything through at once', () => {
    expect(send({ jitterMs: 0, stall: null }, () => 0.5, 3)).toEqual([
      [0, 0],
      [1, 20],
      [2, 40],
    ]);
  });

  it('keeps the order when a later message has less delay', () => {
    const delays = [0, 0.9, 0, 0.1];

    expect(send({ jitterMs: 100, stall: null }, () => delays.shift() ?? 0, 4)).toEqual([
      [0, 0],
      [1, 110],
      [2, 110],
      [3, 110],
    ]);
  });

  it('holds everything back at the end of each period', () => {
    expect(send({ jitterMs: 0, stall: { everyMs: 100, forMs: 50 } }, () => 0, 7)).toEqual([
      [0, 0],
      [1, 20],
      [2, 40],
      [3, 100],
      [4, 100],
      [5, 100],
      [6, 120],
    ]);
  });
});
