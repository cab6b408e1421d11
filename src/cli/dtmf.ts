import { parseArgs } from 'node:util';
import { DtmfReceiver } from '../dsp/dtmf-receiver.js';
import type { Press } from '../dsp/dtmf-detector.js';
import { KEY_ASCII } from '../dsp/keypad.js';
import { AppError } from '../errors.js';
import type { KeyCell } from '../secret.js';
import { chunksOf, write } from './byte-stream.js';
import type { Command } from './command.js';

export const dtmf: Command = {
  name: 'dtmf',
  summary: 'List the key presses in raw 8 kHz µ-law audio',
  help: `Usage: npx tonewall dtmf [--digits] < IN

IN is raw 8 kHz µ-law (G.711), one byte a sample. One line a press, when the key comes up:

  START LENGTH LEVEL    in samples, samples and dBm0 of the stronger tone

  --digits  the key and a space in front of each line. Don't use it on a caller's audio: it prints what was keyed

Example: npx tonewall dtmf < caller.ul
`,
  async run(args, io) {
    const lines = new PressLines(digitsAsked(args));
    const receiver = new DtmfReceiver({ up: (cell, press) => lines.add(cell, press) });
    for await (const chunk of chunksOf(io.stdin)) {
      receiver.process(chunk);
      await lines.writeTo(io.stdout);
    }
    receiver.end();
    await lines.writeTo(io.stdout);
    return 0;
  },
};

/** Lines that wait to be written: as bytes, since a key never becomes a string. */
class PressLines {
  readonly #digits: boolean;
  #waiting: Buffer[] = [];

  constructor(digits: boolean) {
    this.#digits = digits;
  }

  add(cell: KeyCell, { start, length, level }: Press): void {
    const place = Buffer.from(
      `${this.#digits ? '? ' : ''}${start} ${length} ${level.toFixed(1)}\n`,
      'latin1',
    );
    if (this.#digits) place[0] = KEY_ASCII[cell.key] ?? 0;
    this.#waiting.push(place);
  }

  async writeTo(output: NodeJS.WritableStream): Promise<void> {
    const lines = this.#waiting;
    this.#waiting = [];
    for (const line of lines) await write(output, line);
  }
}

function digitsAsked(args: readonly string[]): boolean {
  try {
    const { values } = parseArgs({ args: [...args], options: { digits: { type: 'boolean' } } });
    return values.digits ?? false;
  } catch {
    throw new AppError('bad_request', 'dtmf takes no word but --digits: audio comes in on standard input');
  }
}
