import { describe, expect, it } from '@jest/globals';
import { EVIDENCE, KeyEvidence, type EvidenceName } from '../../src/dsp/key-evidence.js';
import { BLOCK, ToneBlocks } from '../../src/dsp/tone-blocks.js';
import { ToneWindow } from '../../src/dsp/tone-window.js';
import { addKeyTone, addSine, toMulaw, type KeyTone } from '../../src/dsp/tone.js';
import { ms } from '../support/tones.js';

/** The evidence after 400 ms of silence or of `line`, and so much of key 5 (770 and 1336 Hz). */
function evidence(tone: KeyTone, length = ms(20), line?: { hz: number; level: number }) {
  const samples = new Float64Array(ms(400) + length);
  addKeyTone(samples, 5, ms(400), length, tone);
  if (line) addSine(samples, line);
  const mulaw = toMulaw(samples);
  const blocks = new ToneBlocks();
  const window = new ToneWindow(blocks, 6);
  const found = new KeyEvidence(blocks, window);
  for (let at = 0; at + BLOCK <= mulaw.length; at += BLOCK) {
    blocks.push(mulaw, at);
    window.update();
    found.update();
    found.learn();
    found.remember();
  }
  return (name: EvidenceName): number => found.values[EVIDENCE.indexOf(name)] ?? Number.NaN;
}

describe('the evidence for a key', () => {
  it('is a pair of tones that rose together and stand clear of all the rest', () => {
    const of = evidence({ level: -10, twist: -4 });
    expect(of('clear')).toBeGreaterThan(12);
    expect(of('clear of all')).toBeGreaterThan(12);
    expect(of('long clear')).toBeGreaterThan(10);
    expect([of('low rise'), of('high rise'), of('rise of all')]).toEqual([20, 20, 20]);
    expect(Math.abs(of('twist') + 4)).toBeLessThan(0.7);
    expect(Math.abs(of('level') + 8.5)).toBeLessThan(1);
    expect([of('low detune'), of('high detune')].every((detune) => detune < 0.5)).toBe(true);
    expect(of('high peak')).toBeGreaterThan(6);
  });

  it.each([-0.03, -0.015, 0.015, 0.03])('measures how far it is off: %p', (detune) => {
    const of = evidence({ detune });
    expect(Math.abs(of('low detune') - 100 * Math.abs(detune))).toBeLessThan(0.7);
    expect(Math.abs(of('high detune') - 100 * Math.abs(detune))).toBeLessThan(0.7);
  });

  it('shows no peak beside the frequency of a key', () => {
    expect(evidence({ detune: 0.05 })('high peak')).toBeLessThan(0);
  });

  it('has no rise in a tone that goes on', () => {
    const of = evidence({}, ms(100));
    expect(Math.abs(of('low rise')) + Math.abs(of('high rise')) + Math.abs(of('rise of all'))).toBeLessThan(
      1,
    );
  });

  it('is not weakened by hum, which is steady', () => {
    expect(evidence({ level: -15 }, ms(20), { hz: 150, level: -12 })('clear of all')).toBeGreaterThan(8);
    expect(evidence({ level: -15 }, ms(20), { hz: 2600, level: -12 })('clear of all')).toBeGreaterThan(8);
  });
});
