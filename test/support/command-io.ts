import { PassThrough, Readable, Writable } from 'node:stream';
import type { Command } from '../../src/cli/command.js';

export interface RunOptions {
  readonly piece?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly stderr?: NodeJS.WritableStream;
}

/** A terminal: what was written to it is in `text`. */
export class Terminal extends Writable {
  readonly isTTY = true;
  text = '';

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.text += chunk.toString('utf8');
    done();
  }
}

/** Runs a command on bytes, cut into pieces; gives its exit code and the bytes it wrote. */
export async function runCommand(
  command: Command,
  args: readonly string[],
  input: Uint8Array,
  { piece = 4096, env = {}, stderr = new PassThrough() }: RunOptions = {},
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
    stderr,
    env,
  });
  return { code, output: Buffer.concat(written) };
}
