import { describe, expect, it } from '@jest/globals';
import type { Clock } from '../../../src/clock.js';
import { Metronome } from '../../../src/carrier/simulated/metronome.js';

/** A clock that is told when each timer really fires. */
class LateClock implements Clock {
  at = 1000;
  pending: { at: number; task: () => void } | null = null;
  now = () => this.at;
  monotonic = () => this.at;
  after(ms: number, task: () => void): () => void {
    this.pending = { at: this.at + ms, task };
    return () => {};
  }
  /** Fires the pending timer, late by `ms`. */
  fire(late: number): void {
    const { pending } = this;
    if (pending === null) throw new Error('no timer waits');
    this.pending = null;
    this.at = pending.at + late;
    pending.task();
  }
}

describe('the metronome', () => {
  it('does not drift: late timers shorten the next wait', () => {
    const clock = new LateClock();
    const beats: number[] = [];
    new Metronome(clock).add(() => beats.push(clock.at));

    for (const late of [3, 7, 0, 19, 1]) clock.fire(late);

    expect(beats).toEqual([1023, 1047, 1060, 1099, 1101]);
  });

  it('makes up for beats that a stall has cost, at once', () => {
    const clock = new LateClock();
    const beats: number[] = [];
    new Metronome(clock).add(() => beats.push(clock.at));

    clock.fire(65);
    clock.fire(0);

    expect(beats).toEqual([1085, 1085, 1085, 1085, 1100]);
  });

  it('starts anew after the machine slept', () => {
    const clock = new LateClock();
    const beats: number[] = [];
    new Metronome(clock).add(() => beats.push(clock.at));

    clock.fire(3_600_000);
    clock.fire(0);

    expect(beats).toEqual([3_601_020, 3_601_040]);
  });

  it('stops when nobody listens, and starts again', () => {
    const clock = new LateClock();
    const metronome = new Metronome(clock);
    const stop = metronome.add(() => {});
    stop();
    clock.fire(0);
    expect(clock.pending).toBeNull();

    let beats = 0;
    metronome.add(() => beats++);
    clock.fire(0);
    expect(beats).toBe(1);
  });
});
