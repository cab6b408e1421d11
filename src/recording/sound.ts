import { ByteReader } from './byte-reader.js';
import type { SoundFormat } from './sound-format.js';
import { isWav, readWavHeader } from './wav-header.js';

/** A recording that is being read: what it is, then its samples. */
export class Sound {
  readonly format: SoundFormat;
  readonly container: 'wav' | 'raw';
  /** The byte of the file at which the samples begin. */
  readonly dataStart: number;
  /** Bytes of samples that the header promises; null: as many as there are. */
  readonly dataLength: number | null;
  readonly #reader: ByteReader;
  #read = 0;

  private constructor(
    reader: ByteReader,
    container: 'wav' | 'raw',
    { format, dataLength }: { format: SoundFormat; dataLength: number | null },
  ) {
    this.#reader = reader;
    this.container = container;
    this.format = format;
    this.dataStart = reader.position;
    this.dataLength = dataLength;
  }

  /**
   * Reads up to the first sample: a WAV file is known by its header, all else is what `raw` says, or nothing that is
   * read here where that is null. Throws AppError `unsupported_media_type` for a header that can't be read.
   */
  static open(source: AsyncIterable<Uint8Array>, raw: SoundFormat): Promise<Sound>;
  static open(source: AsyncIterable<Uint8Array>, raw: SoundFormat | null): Promise<Sound | null>;
  static async open(source: AsyncIterable<Uint8Array>, raw: SoundFormat | null): Promise<Sound | null> {
    const reader = new ByteReader(source);
    if (isWav(await reader.peek(12))) return new Sound(reader, 'wav', await readWavHeader(reader));
    return raw && new Sound(reader, 'raw', { format: raw, dataLength: null });
  }

  /** The bytes of the samples, once, in pieces of any length. */
  async *data(): AsyncGenerator<Uint8Array> {
    for await (const piece of this.#reader.rest(this.dataLength ?? Infinity)) {
      this.#read += piece.length;
      yield piece;
    }
  }

  /** After `data`: whether there were no samples at all. */
  get empty(): boolean {
    return this.#read === 0;
  }

  /** After `data`: bytes that the header promised and that were not there. */
  get missing(): number {
    return this.dataLength === null ? 0 : this.dataLength - this.#read;
  }
}
