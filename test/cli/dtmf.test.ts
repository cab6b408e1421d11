import { describe, it, expect } from '@jest/globals';
import { dtmf } from '../../src/cli/dtmf.js';
import { addKeyTone, toMulaw } from '../../src/dsp/tone.js';
import { wavFile } from '../../src/recording/wav.js';
import { Terminal, runCommand } from '../support/command-io.js';
import { encoded, keyedSamples, wavOf } from '../support/sound-files.js';

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

  it('takes a WAV file, and the channel that is asked for', async () => {
    const raw = await runCommand(dtmf, ['--digits'], threeKeys());
    expect(await runCommand(dtmf, ['--digits'], wavFile(threeKeys()))).toEqual(raw);
    const format = { encoding: 'alaw', channels: 2, rate: 44_100 } as const;
    const channels = ['12', '3'].map((keys) => keyedSamples(44_100, 0.8, keys, { start: 0.1 }));
    const file = wavOf(format, encoded(format, channels));
    const { output } = await runCommand(dtmf, ['--digits', '--channel', '2'], file);
    expect(rounded(output).map(([key, start, length]) => [key, start, length])).toEqual([['3', 800, 800]]);
  });

  it('says on a terminal how much it did, and no key', async () => {
    const stderr = new Terminal();
    await runCommand(dtmf, ['--digits'], threeKeys(), { stderr });
    expect(stderr.text.split('\r').at(-1)).toMatch(/^00:00:00\.5 of audio, [\d,]+ × real time: 3 presses\n$/);
  });

  it('tells of a WAV file that ends too soon, after what there was', async () => {
    const cut = wavFile(threeKeys()).subarray(0, 3000);
    await expect(runCommand(dtmf, [], cut)).rejects.toThrow('ends 1058 bytes before the 4000 of samples');
  });

  it('says what it takes', async () => {
    await expect(runCommand(dtmf, ['--keys'], threeKeys())).rejects.toThrow('takes no word but --digits');
  });
});
