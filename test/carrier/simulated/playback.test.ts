import { describe, expect, it } from '@jest/globals';
import { MAX_QUEUED_BYTES, MAX_QUEUED_MARKS, Playback } from '../../../src/carrier/simulated/playback.js';

function next(playback: Playback, length = 4): number[] {
  const frame = new Uint8Array(length);
  playback.next(frame);
  return [...frame];
}

describe('a playback queue', () => {
  it('gives chunks of any size frame by frame, silence behind them', () => {
    const playback = new Playback();
    playback.push(Uint8Array.of(1));
    playback.push(Uint8Array.of(2, 3, 4, 5, 6));
    playback.push(Uint8Array.of());

    expect([next(playback), next(playback), next(playback)]).toEqual([
      [1, 2, 3, 4],
      [5, 6, 255, 255],
      [255, 255, 255, 255],
    ]);
  });

  it('reaches a mark when the last byte before it has been played', () => {
    const playback = new Playback();
    playback.push(Uint8Array.of(1, 2, 3, 4, 5));
    playback.mark('a');

    next(playback);
    expect(playback.reached()).toEqual([]);
    next(playback);
    expect(playback.reached()).toEqual(['a']);
    expect(playback.reached()).toEqual([]);
  });

  it('reaches all marks when cleared, and plays what comes after', () => {
    const playback = new Playback();
    playback.push(Uint8Array.of(1, 2, 3, 4, 5));
    playback.mark('a');
    playback.push(Uint8Array.of(6));
    playback.mark('b');
    next(playback);

    playback.clear();
    playback.push(Uint8Array.of(7));

    expect(playback.reached()).toEqual(['a', 'b']);
    expect(next(playback)).toEqual([7, 255, 255, 255]);
  });

  it('takes no more than its bounds', () => {
    const playback = new Playback();
    for (let i = 0; i < MAX_QUEUED_MARKS; i++) playback.mark('m');

    expect(playback.mark('m')).toBe(false);
    expect(playback.push(new Uint8Array(MAX_QUEUED_BYTES))).toBe(true);
    expect(playback.push(Uint8Array.of(1))).toBe(false);
    expect(playback.queued).toBe(MAX_QUEUED_BYTES);
  });
});
