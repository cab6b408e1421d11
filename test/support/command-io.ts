import { PassThrough, Readable } from 'node:stream';
import type { Command } from '../../src/cli/command.js';

/** Runs a command on bytes, cut into pieces; gives its exit code and the bytes it wrote. */
export async function runCommand(
  command: Command,
  args: readonly string[],
  input: Uint8Array,
  { piece = 4096, env = {} }: { piece?: number; env?: Record<string, string> } = {},
): Promise<{ code: number; output: Buffer }> {
  const pieces = Array.from({ length: Math.ceil(input.length / piece) }, (_, n) =>
    Buffer.from(input.subarray(n * piece, (n + 1) * piece)),
  );
  const stdout = new PassThrough();
  const written: Buffer[] = [];
  stdout.on('data', (chunk: Buffer) => written.push(chunk));
  const code = await command.run(args, {
    stdin: Readable.from(pieces),
    stdout,
    stderr: new PassThrough(),
    env,
  });
  return { code, output: Buffer.concat(written) };
}
