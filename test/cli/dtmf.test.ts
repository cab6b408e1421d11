import { describe, it, expect } from '@jest/globals';
import { dtmf } from '../../src/cli/dtmf.js';
import { addKeyTone, toMulaw } from '../../src/dsp/tone.js';
import { runCommand } from '../support/command-io.js';

/** `1`, `#` and `A`, the last one held to the end. */
function threeKeys(): Uint8Array {
  const samples = new Float64Array(4000);
  addKeyTone(samples, 1, 800, 480, { level: -10 });
  addKeyTone(samples, 11, 2000, 800, { level: -20, twist: -6 });
  addKeyTone(samples, 12, 3200, 800, { level: -5 });
  return toMulaw(samples);
}

function rounded(output: Buffer): (readonly [string, ...number[]])[] {
  const lines = output.toString('latin1').trimEnd().split('\n');
  return lines.map((line) => {
    const [key = '', ...place] = line.split(' ');
    return [key, ...place.map((word) => 40 * Math.round(Number(word) / 40))] as const;
  });
}

describe('tonewall dtmf', () => {
  it('writes one line a press: where, how long and how loud', async () => {
    const { code, output } = await runCommand(dtmf, [], threeKeys());
    expect(code).toBe(0);
    expect(output.toString('latin1')).toMatch(/^(\d+ \d+ -\d+\.\d\n){3}$/);
  });

  it('puts the key in front where it is asked for', async () => {
    const { output } = await runCommand(dtmf, ['--digits'], threeKeys());
    expect(rounded(output).map(([key, start, length]) => [key, start, length])).toEqual([
      ['1', 800, 480],
      ['#', 2000, 800],
      ['A', 3200, 800],
    ]);
  });

  it('writes the same however the input is cut', async () => {
    const whole = await runCommand(dtmf, ['--digits'], threeKeys());
    for (const piece of [1, 77])
      expect(await runCommand(dtmf, ['--digits'], threeKeys(), { piece })).toEqual(whole);
  });

  it('writes nothing where there is no press', async () => {
    const { output } = await runCommand(dtmf, [], new Uint8Array(8000).fill(0xff));
    expect(output).toHaveLength(0);
  });

  it('says what it takes', async () => {
    await expect(runCommand(dtmf, ['--keys'], threeKeys())).rejects.toThrow('takes no word but --digits');
  });
});
