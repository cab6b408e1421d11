import { describe, it, expect } from '@jest/globals';
import { BLOCK, ToneBlocks } from '../../src/dsp/tone-blocks.js';
import { ToneWindow } from '../../src/dsp/tone-window.js';
import { keypadTone, type KeyTone } from '../../src/dsp/tone.js';

/** A window of 15 ms that a key fills. */
function filledBy(key: number, tone: KeyTone): { blocks: ToneBlocks; window: ToneWindow } {
  const blocks = new ToneBlocks();
  const window = new ToneWindow(blocks, 6);
  const mulaw = keypadTone(key, 16 * BLOCK, tone);
  for (let at = 0; at < mulaw.length; at += BLOCK) blocks.push(mulaw, at);
  window.update();
  return { blocks, window };
}

describe('a window of audio', () => {
  it('names the row and the column, their levels and their twist', () => {
    const { window } = filledBy(6, { level: -10, twist: -6 });
    expect([window.row, window.column]).toEqual([1, 6]);
    expect(Math.abs(window.level(window.at(1)) + 10)).toBeLessThan(0.5);
    expect(Math.abs(window.level(window.at(6)) + 16)).toBeLessThan(0.5);
    expect(Math.abs(window.twist + 6)).toBeLessThan(0.7);
    expect(window.rest).toBeLessThan(0.03);
  });

  it.each([-0.018, 0.018])('explains a tone that is %p off as well', (detune) => {
    const { window } = filledBy(13, { detune });
    expect([window.row, window.column]).toEqual([1, 7]);
    expect(window.rest).toBeLessThan(0.1);
  });

  it('leaves all of silence unexplained', () => {
    const blocks = new ToneBlocks();
    blocks.push(new Uint8Array(BLOCK).fill(0xff), 0);
    const window = new ToneWindow(blocks, 4);
    window.update();
    expect([window.pair, window.rest]).toEqual([0, 1]);
  });

  it('holds nothing after a wipe', () => {
    const { blocks, window } = filledBy(1, {});
    blocks.wipe();
    window.wipe();
    expect(
      [0, 1, 2].map((ago) => [blocks.re(0, ago), blocks.im(4, ago), blocks.whole(ago), blocks.inBand(ago)]),
    ).toEqual([0, 1, 2].map(() => [0, 0, 0, 0]));
    expect([...window.energy, ...window.re, ...window.im, window.pair]).toEqual(
      Array.from({ length: 49 }, () => 0),
    );
  });
});
