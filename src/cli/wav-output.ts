import { fstatSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { WAV_HEADER_BYTES, wavHeader, wavPadding } from '../recording/wav.js';
import { write } from './byte-stream.js';

/** A WAV file of 8 kHz µ-law on standard output. */
export class WavOutput {
  readonly #output: NodeJS.WritableStream;
  readonly #promised: number | null;
  #written = 0;

  private constructor(output: NodeJS.WritableStream, promised: number | null) {
    this.#output = output;
    this.#promised = promised;
  }

  /** Writes the header of so many samples; null: nobody knows yet, and it says so. */
  static async begin(output: NodeJS.WritableStream, samples: number | null): Promise<WavOutput> {
    await write(output, wavHeader(samples));
    return new WavOutput(output, samples);
  }

  async write(mulaw: Uint8Array): Promise<void> {
    this.#written += mulaw.length;
    await write(this.#output, mulaw);
  }

  /** The recording is over. A header that promised something else is put right where the output is a file. */
  async end(): Promise<void> {
    const padding = wavPadding(this.#written);
    if (padding.length > 0) await write(this.#output, padding);
    const { fd } = this.#output as { fd?: number };
    if (fd === undefined || this.#written === this.#promised) return;
    const file = fstatSync(fd);
    // Not a file that something else stands in, too.
    if (!file.isFile() || file.size !== WAV_HEADER_BYTES + this.#written + padding.length) return;
    // Opened anew: what the shell opened for appending would append.
    const again = await open(`/dev/fd/${fd}`, 'r+').catch(() => null);
    await again?.write(wavHeader(this.#written), 0, WAV_HEADER_BYTES, 0);
    await again?.close();
  }
}
