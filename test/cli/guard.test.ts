import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { afterEach, beforeEach, describe, it, expect } from '@jest/globals';
import { guard } from '../../src/cli/guard.js';
import { Guard, type GuardOptions } from '../../src/dsp/guard.js';
import { mulawOf, wavFile } from '../../src/recording/wav.js';
import { Terminal, runCommand } from '../support/command-io.js';
import { Random } from '../support/random.js';
import { encoded, linear, wavOf } from '../support/sound-files.js';
import { lineOfKeys } from '../support/tones.js';

const { mulaw } = lineOfKeys({ duration: [40, 100], level: [-25, -3], twist: [-8, 4] }, 5, new Random(41));

function expected(fieldOpen: boolean, options: GuardOptions, input = mulaw): Buffer {
  const line: Guard = new Guard(options, { press: () => line.beep() });
  line.fieldOpen = fieldOpen;
  const output = Buffer.alloc(input.length);
  line.process(input, output);
  return output;
}

const usual = expected(false, { holdMs: 20 });

describe('tonewall guard', () => {
  it('writes what an agent would hear, as long as the input, however it is cut', async () => {
    for (const piece of [1, 333, 65_536]) {
      const { code, output } = await runCommand(guard, [], mulaw, { piece });
      expect([code, output.equals(usual)]).toEqual([0, true]);
    }
  });

  it('takes the thresholds of an open field, and the settings', async () => {
    const env = { GUARD_HOLD_MS: '40', BEEP_LEVEL_DBM0: '-20', COMFORT_NOISE_DBM0: '-60' };
    const { output } = await runCommand(guard, ['--capture'], mulaw, { env });
    expect(output.equals(expected(true, { holdMs: 40, beepLevel: -20, comfortNoiseLevel: -60 }))).toBe(true);
  });

  it('writes nothing for nothing, and says so', async () => {
    const stderr = new Terminal();
    expect(await runCommand(guard, [], new Uint8Array(0), { stderr })).toEqual({
      code: 0,
      output: Buffer.alloc(0),
    });
    expect(stderr.text).toContain('nothing came in');
  });

  it('says on a terminal how much it did', async () => {
    const stderr = new Terminal();
    await runCommand(guard, [], mulaw, { stderr });
    expect(stderr.text.split('\r').at(-1)).toMatch(
      /^00:00:0\d\.\d of audio, [\d,]+ × real time: 00:00:0\d\.\d covered \(\d\d\.\d\d %\), 5 beeps\n$/,
    );
  });

  it('says what it takes', async () => {
    await expect(runCommand(guard, ['call.wav'], mulaw)).rejects.toThrow('takes no word but --capture');
    await expect(runCommand(guard, ['--channel', '0'], mulaw)).rejects.toThrow(
      '--channel is a number from 1',
    );
    await expect(runCommand(guard, ['--channel', '2'], mulaw)).rejects.toThrow(
      'there is no channel 2: the recording has 1',
    );
  });

  it.each([
    ['GUARD_HOLD_MS', '25', 'GUARD_HOLD_MS is 15, 20 or 40'],
    ['BEEP_LEVEL_DBM0', '0', 'BEEP_LEVEL_DBM0 is -40 to -3 dBm0, as in BEEP_LEVEL_DBM0=-13'],
    ['COMFORT_NOISE_DBM0', 'off', 'COMFORT_NOISE_DBM0 is -65 to -40 dBm0, as in COMFORT_NOISE_DBM0=-55'],
  ])('refuses a wrong %s', async (name, value, message) => {
    await expect(runCommand(guard, [], mulaw, { env: { [name]: value } })).rejects.toThrow(message);
  });
});

describe('tonewall guard on a WAV file', () => {
  it('writes a WAV file, and the same samples', async () => {
    const { code, output } = await runCommand(guard, [], wavFile(mulaw));
    expect([code, output.equals(wavFile(usual))]).toEqual([0, true]);
  });

  it('takes the channel that is asked for, and makes it 8 kHz', async () => {
    const rate = 16_000;
    const silent = new Float64Array(2 * mulaw.length);
    const once = linear(mulaw);
    const twice = silent.map((_, n) => once[n >> 1] ?? 0);
    const format = { encoding: 'pcm16', channels: 2, rate } as const;
    const file = wavOf(format, encoded(format, [silent, twice]));
    const heard = [];
    for (const channel of ['1', '2']) {
      const { output } = await runCommand(guard, ['--channel', channel], file);
      expect(output.readUInt32LE(54)).toBe(mulaw.length);
      heard.push(mulawOf(output).filter((byte) => byte !== 0xff).length > 0);
    }
    expect(heard).toEqual([false, true]);
  });

  it('whose end is not known says so in turn, when it writes into a pipe', async () => {
    const format = { encoding: 'mulaw', channels: 1, rate: 8000 } as const;
    const { output } = await runCommand(guard, [], wavOf(format, mulaw, { dataLength: 0xffff_ffff }));
    expect([output.readUInt32LE(4), output.readUInt32LE(54)]).toEqual([0xffff_ffff, 0xffff_ffff]);
    expect(output.subarray(58, 58 + mulaw.length).equals(usual)).toBe(true);
  });

  it('that ends too soon is done as far as it goes, and told', async () => {
    const whole = wavFile(mulaw);
    await expect(runCommand(guard, [], whole.subarray(0, -1001))).rejects.toThrow(
      /the WAV file ends 100[01] bytes before the \d+ of samples that its header promises/,
    );
    await expect(runCommand(guard, [], whole.subarray(0, 30))).rejects.toThrow('it has no "data" chunk');
  });
});

describe('the header of what is written to a file', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'guard-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  /** Standard output as the shell opened it. */
  async function toFile(path: string, flags: 'w' | 'a', input: Uint8Array): Promise<void> {
    const fd = openSync(path, flags);
    const write = (chunk: Buffer, _: BufferEncoding, done: () => void) => {
      writeSync(fd, chunk);
      done();
    };
    const stdout = Object.assign(new Writable({ write }), { fd });
    const stdin = Readable.from([Buffer.from(input)]);
    await guard.run([], { stdin, stdout, stderr: new Terminal(), env: {} }).catch(() => 1);
    closeSync(fd);
  }

  const format = { encoding: 'mulaw', channels: 1, rate: 8000 } as const;
  const endless = wavOf(format, mulaw, { dataLength: 0xffff_ffff });

  it.each(['w', 'a'] as const)('is put right at the end (%s)', async (flags) => {
    const path = join(dir, 'out.wav');
    await toFile(path, flags, endless);
    expect(readFileSync(path).equals(wavFile(usual))).toBe(true);
    rmSync(path);
    await toFile(path, flags, wavFile(mulaw).subarray(0, 58 + 801));
    expect(readFileSync(path).equals(wavFile(expected(false, { holdMs: 20 }, mulaw.subarray(0, 801))))).toBe(
      true,
    );
  });

  it('is left where something else stands before it', async () => {
    const path = join(dir, 'out.wav');
    await toFile(path, 'w', endless);
    const before = readFileSync(path);
    await toFile(path, 'a', endless);
    expect(readFileSync(path).subarray(0, before.length).equals(before)).toBe(true);
    expect(readFileSync(path).readUInt32LE(before.length + 54)).toBe(0xffff_ffff);
  });
});
