import { SAMPLE_RATE } from '../dsp/mulaw.js';
import { ENCODINGS } from './encoding.js';
import { frameBytes } from './sound-format.js';
import type { Sound } from './sound.js';
import type { Span } from './span.js';

/**
 * Puts silence in place of spans of a recording, in the recording's own format, and leaves every other byte alone. All
 * channels are silent then: what was keyed into one is heard in the others, however faintly.
 */
export class Silencer {
  readonly #silence: number;
  /** The bytes of the file that become silence, from and up to. */
  readonly #ranges: readonly Span[];
  #position = 0;

  constructor(
    { format, dataStart, dataLength }: Pick<Sound, 'format' | 'dataStart' | 'dataLength'>,
    spans: readonly Span[],
  ) {
    const bytes = frameBytes(format);
    const scale = format.rate / SAMPLE_RATE;
    const dataEnd = dataStart + (dataLength ?? Infinity);
    this.#silence = ENCODINGS[format.encoding].silence;
    this.#ranges = spans.map(({ start, end }) => ({
      start: dataStart + Math.floor(start * scale) * bytes,
      end: Math.min(dataStart + Math.ceil(end * scale) * bytes, dataEnd),
    }));
  }

  /** The next bytes of the file, from its first on; they are changed in place. */
  process(bytes: Uint8Array): void {
    for (const { start, end } of this.#ranges) {
      const from = Math.max(0, start - this.#position);
      const to = Math.min(end - this.#position, bytes.length);
      if (from < to) bytes.fill(this.#silence, from, to);
    }
    this.#position += bytes.length;
  }
}
