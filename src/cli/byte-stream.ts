import { once } from 'node:events';

/** The chunks of a stream as bytes, whatever it was set to give. */
export async function* chunksOf(input: NodeJS.ReadableStream): AsyncGenerator<Buffer> {
  for await (const chunk of input) yield typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk;
}

/** Writes, and waits while the reader is behind. */
export async function write(output: NodeJS.WritableStream, bytes: Uint8Array | string): Promise<void> {
  if (!output.write(bytes)) await once(output, 'drain');
}
