import { parseArgs } from 'node:util';
import { Guard } from '../dsp/guard.js';
import { AppError } from '../errors.js';
import { chunksOf, write } from './byte-stream.js';
import type { Command } from './command.js';

const HOLDS = { '15': 15, '20': 20, '40': 40 } as const;

export const guard: Command = {
  name: 'guard',
  summary: 'Pass raw 8 kHz µ-law audio through the guard, as an agent would hear it',
  help: `Usage: npx tonewall guard [--capture] < IN > OUT

IN and OUT are raw 8 kHz µ-law (G.711), one byte a sample. OUT is as long as IN and delayed by GUARD_HOLD_MS
(20 unless set). Keypad tones are covered, and each press is a beep.

  --capture  the thresholds of an open payment field

Example: sox call.wav -t ul -r 8000 -c 1 - | npx tonewall guard --capture > agent.ul
`,
  async run(args, io) {
    const { capture } = options(args);
    const line: Guard = new Guard(
      { holdMs: holdFrom(io.env['GUARD_HOLD_MS']) },
      { press: () => line.beep() },
    );
    line.fieldOpen = capture;
    for await (const chunk of chunksOf(io.stdin)) {
      const output = new Uint8Array(chunk.length);
      line.process(chunk, output);
      await write(io.stdout, output);
    }
    line.wipe();
    return 0;
  },
};

function options(args: readonly string[]): { capture: boolean } {
  try {
    const { values } = parseArgs({ args: [...args], options: { capture: { type: 'boolean' } } });
    return { capture: values.capture ?? false };
  } catch {
    throw new AppError('bad_request', 'guard takes no word but --capture: audio comes in on standard input');
  }
}

function holdFrom(setting: string | undefined): 15 | 20 | 40 {
  const hold = HOLDS[(setting || '20') as keyof typeof HOLDS];
  if (hold === undefined)
    throw new AppError('config_invalid', 'GUARD_HOLD_MS is 15, 20 or 40, as in GUARD_HOLD_MS=20');
  return hold;
}
