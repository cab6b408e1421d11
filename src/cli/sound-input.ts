import { SAMPLE_RATE } from '../dsp/mulaw.js';
import { AppError } from '../errors.js';
import { SoundDecoder } from '../recording/sound-decoder.js';
import { RAW_MULAW, frameBytes } from '../recording/sound-format.js';
import { Sound } from '../recording/sound.js';
import { MOST_CHANNELS } from '../recording/wav-header.js';
import { chunksOf } from './byte-stream.js';
import type { CommandIo } from './command.js';

/** One channel of the recording on standard input, as 8 kHz µ-law: raw, or WAV known by its header. */
export class SoundInput {
  readonly #sound: Sound;
  readonly #channel: number;
  readonly #stderr: NodeJS.WritableStream;

  private constructor(sound: Sound, channel: number, stderr: NodeJS.WritableStream) {
    this.#sound = sound;
    this.#channel = channel;
    this.#stderr = stderr;
  }

  /**
   * `channel`: from 1, as the user wrote it; the first unless given. Throws AppError for a channel that is not there
   * and a header that can't be read.
   */
  static async open({ stdin, stderr }: CommandIo, channel = '1'): Promise<SoundInput> {
    const number = Number(channel);
    if (!/^\d+$/.test(channel) || number < 1 || number > MOST_CHANNELS) {
      throw new AppError(
        'bad_request',
        `--channel is a number from 1 to ${MOST_CHANNELS}, as in --channel 2`,
      );
    }
    if ((stdin as { isTTY?: boolean }).isTTY === true) {
      throw new AppError('bad_request', 'standard input is a terminal: give it a recording, as in < IN.wav');
    }
    const sound = await Sound.open(chunksOf(stdin), RAW_MULAW);
    if (number > sound.format.channels) {
      throw new AppError(
        'bad_request',
        `there is no channel ${number}: the recording has ${sound.format.channels}`,
      );
    }
    return new SoundInput(sound, number - 1, stderr);
  }

  get container(): Sound['container'] {
    return this.#sound.container;
  }

  /** How many samples `mulaw` will give if the header is true; null: it doesn't say. */
  get samples(): number | null {
    const { dataLength, format } = this.#sound;
    if (dataLength === null) return null;
    return Math.ceil((Math.floor(dataLength / frameBytes(format)) * SAMPLE_RATE) / format.rate);
  }

  async *mulaw(): AsyncGenerator<Uint8Array> {
    const decoder = new SoundDecoder(this.#sound.format, [this.#channel]);
    for await (const data of this.#sound.data()) yield* decoder.process(data);
    yield* decoder.end();
  }

  /** After the last sample: AppError when the recording was shorter than its header promised. An empty one is said. */
  checkWhole(): void {
    const { missing, dataLength, empty } = this.#sound;
    if (empty) this.#stderr.write('nothing came in: the recording on standard input is empty\n');
    if (missing === 0) return;
    throw new AppError(
      'unsupported_media_type',
      `the WAV file ends ${missing} bytes before the ${dataLength} of samples that its header promises: ` +
        'what there is was done. Copy it again, or take the result as it is',
    );
  }
}
