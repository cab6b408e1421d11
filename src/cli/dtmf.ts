import { parseArgs } from 'node:util';
import type { Press } from '../dsp/dtmf-detector.js';
import { DtmfReceiver } from '../dsp/dtmf-receiver.js';
import { KEY_ASCII } from '../dsp/keypad.js';
import { SAMPLE_RATE } from '../dsp/mulaw.js';
import { AppError } from '../errors.js';
import type { KeyCell } from '../secret.js';
import { write } from './byte-stream.js';
import type { Command } from './command.js';
import { duration } from './duration.js';
import { Progress } from './progress.js';
import { SoundInput } from './sound-input.js';

export const dtmf: Command = {
  name: 'dtmf',
  summary: 'lists the key presses in raw 8 kHz µ-law or WAV audio',
  help: `Usage: npx tonewall dtmf [--digits] [--channel N] < IN

IN is raw 8 kHz µ-law (G.711), one byte a sample, or a WAV file (µ-law, A-law or 16-bit PCM, 8 kHz or more), known by
its header. One line a press, when the key comes up:

  START LENGTH LEVEL    in samples, samples and dBm0 of the stronger tone. Samples are those of 8 kHz

  --digits     the key and a space in front of each line. Don't use it on a caller's audio: it prints what was keyed
  --channel N  which channel of a WAV file; 1 unless given

Example: npx tonewall dtmf < caller.ul
`,
  async run(args, io) {
    const { digits = false, channel } = options(args);
    const input = await SoundInput.open(io, channel);
    const progress = new Progress(io.stderr);
    const lines = new PressLines(digits);
    let samples = 0;
    const receiver = new DtmfReceiver({ up: (cell, press) => lines.add(cell, press) });
    const done = () =>
      `${duration(samples / SAMPLE_RATE)} of audio, ${progress.speed(samples / SAMPLE_RATE)}: ${lines.count} presses`;
    for await (const mulaw of input.mulaw()) {
      receiver.process(mulaw);
      if (lines.waiting) progress.clear();
      await lines.writeTo(io.stdout);
      samples += mulaw.length;
      progress.show(done);
    }
    receiver.end();
    await lines.writeTo(io.stdout);
    progress.close(done());
    input.checkWhole();
    return 0;
  },
};

/** Lines that wait to be written: as bytes, since a key never becomes a string. */
class PressLines {
  readonly #digits: boolean;
  #waiting: Buffer[] = [];
  #count = 0;

  constructor(digits: boolean) {
    this.#digits = digits;
  }

  get count(): number {
    return this.#count;
  }

  get waiting(): boolean {
    return this.#waiting.length > 0;
  }

  add(cell: KeyCell, { start, length, level }: Press): void {
    const place = Buffer.from(
      `${this.#digits ? '? ' : ''}${start} ${length} ${level.toFixed(1)}\n`,
      'latin1',
    );
    if (this.#digits) place[0] = KEY_ASCII[cell.key] ?? 0;
    this.#waiting.push(place);
    this.#count++;
  }

  async writeTo(output: NodeJS.WritableStream): Promise<void> {
    const lines = this.#waiting;
    this.#waiting = [];
    for (const line of lines) await write(output, line);
  }
}

function options(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { digits: { type: 'boolean' }, channel: { type: 'string' } },
    });
    return values;
  } catch {
    throw new AppError(
      'bad_request',
      'dtmf takes no word but --digits and --channel N: audio comes in on standard input',
    );
  }
}
