import { describe, it, expect } from '@jest/globals';
import { BLOCK, ToneBlocks } from '../../src/dsp/tone-blocks.js';
import { detuneOf, peakOf } from '../../src/dsp/tone-tuning.js';
import { keypadTone } from '../../src/dsp/tone.js';

/** 20 ms, filled by key 5: tones 1 (770 Hz) and 5 (1336 Hz). */
function blocksOf(detune: number): ToneBlocks {
  const blocks = new ToneBlocks();
  const mulaw = keypadTone(5, 16 * BLOCK, { detune });
  for (let at = 0; at < mulaw.length; at += BLOCK) blocks.push(mulaw, at);
  return blocks;
}

describe('the tuning of a tone', () => {
  it.each([-0.03, -0.015, 0, 0.015, 0.03])('is measured when it is %p off', (detune) => {
    const blocks = blocksOf(detune);
    expect(Math.abs(detuneOf(blocks, 1, 8) - Math.abs(detune))).toBeLessThan(0.006);
    expect(Math.abs(detuneOf(blocks, 5, 8) - Math.abs(detune))).toBeLessThan(0.006);
  });

  it('shows a peak at the frequency of a key, and none beside it', () => {
    expect(peakOf(blocksOf(0), 5, 8)).toBeGreaterThan(6);
    expect(peakOf(blocksOf(0.015), 5, 8)).toBeGreaterThan(2);
    expect(peakOf(blocksOf(0.05), 5, 8)).toBeLessThan(0);
  });

  it('shows no peak in silence', () => {
    expect(peakOf(new ToneBlocks(), 5, 8)).toBe(0);
  });
});
