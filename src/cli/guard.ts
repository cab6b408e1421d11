import { parseArgs } from 'node:util';
import { Guard } from '../dsp/guard.js';
import { SAMPLE_RATE } from '../dsp/mulaw.js';
import { BLOCK } from '../dsp/tone-blocks.js';
import { AppError } from '../errors.js';
import { CoverWatch } from '../recording/cover-watch.js';
import { write } from './byte-stream.js';
import type { Command } from './command.js';
import { duration } from './duration.js';
import { guardOptions } from './guard-options.js';
import { Progress } from './progress.js';
import { SoundInput } from './sound-input.js';
import { WavOutput } from './wav-output.js';

export const guard: Command = {
  name: 'guard',
  summary: 'passes raw 8 kHz µ-law or WAV audio through the guard, as an agent would hear it',
  help: `Usage: npx tonewall guard [--capture] [--channel N] < IN > OUT

Keypad tones are covered, and each press is a beep. OUT is as long as IN, delayed by the hold-back.

IN is raw 8 kHz µ-law (G.711), one byte a sample, and so is OUT. Or IN is a WAV file (µ-law, A-law or 16-bit PCM,
8 kHz or more), known by its header: then OUT is a WAV file of one channel, 8 kHz µ-law.

  --capture    the thresholds of an open payment field
  --channel N  which channel of a WAV file; 1 unless given. The others are left out

Settings: GUARD_HOLD_MS (20), BEEP_LEVEL_DBM0 (-13), COMFORT_NOISE_DBM0 (-55).

Example: npx tonewall guard --capture < call.wav > agent.wav
`,
  async run(args, io) {
    const { capture = false, channel } = options(args);
    const settings = guardOptions(io.env);
    const input = await SoundInput.open(io, channel);
    const wav = input.container === 'wav' ? await WavOutput.begin(io.stdout, input.samples) : undefined;
    const progress = new Progress(io.stderr);
    let samples = 0;
    let covered = 0;
    let beeps = 0;
    const line: Guard = new Guard(settings, {
      press: () => {
        beeps++;
        line.beep();
      },
    });
    line.fieldOpen = capture;
    const watch = new CoverWatch((settings.holdMs * SAMPLE_RATE) / 1000, (one) => {
      if (one) covered += BLOCK;
    });
    const done = () =>
      `${duration(samples / SAMPLE_RATE)} of audio, ${progress.speed(samples / SAMPLE_RATE)}`;
    for await (const mulaw of input.mulaw()) {
      const output = new Uint8Array(mulaw.length);
      line.process(mulaw, output);
      watch.compare(mulaw, output);
      await (wav?.write(output) ?? write(io.stdout, output));
      samples += mulaw.length;
      progress.show(done);
    }
    line.wipe();
    await wav?.end();
    const share = ((100 * covered) / Math.max(1, samples)).toFixed(2);
    progress.close(`${done()}: ${duration(covered / SAMPLE_RATE)} covered (${share} %), ${beeps} beeps`);
    input.checkWhole();
    return 0;
  },
};

function options(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { capture: { type: 'boolean' }, channel: { type: 'string' } },
    });
    return values;
  } catch {
    throw new AppError(
      'bad_request',
      'guard takes no word but --capture and --channel N: audio comes in on standard input',
    );
  }
}
