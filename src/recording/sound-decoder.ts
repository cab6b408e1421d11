import { SAMPLE_RATE, mulawEncode } from '../dsp/mulaw.js';
import { ENCODINGS } from './encoding.js';
import { Resampler } from './resampler.js';
import { frameBytes, type SoundFormat } from './sound-format.js';

/**
 * The bytes of a recording, in pieces of any length → 8 kHz µ-law of each channel that is asked for. µ-law at 8 kHz
 * comes out byte for byte.
 */
export class SoundDecoder {
  readonly #format: SoundFormat;
  readonly #frame: number;
  readonly #channels: readonly { readonly offset: number; readonly resampler: Resampler | null }[];
  /** Bytes of a frame that is not whole yet. */
  #left: Uint8Array = new Uint8Array(0);

  /** `channels`: from 0; all of them unless given. */
  constructor(format: SoundFormat, channels: Iterable<number> = Array(format.channels).keys()) {
    this.#format = format;
    this.#frame = frameBytes(format);
    this.#channels = Array.from(channels, (channel) => ({
      offset: channel * ENCODINGS[format.encoding].bytes,
      resampler: format.rate === SAMPLE_RATE ? null : new Resampler(format.rate),
    }));
  }

  /** One array a channel. */
  process(data: Uint8Array): readonly Uint8Array[] {
    const all = this.#left.length === 0 ? data : Buffer.concat([this.#left, data]);
    const frames = Math.floor(all.length / this.#frame);
    this.#left = all.subarray(frames * this.#frame);
    return this.#channels.map(({ offset, resampler }) => {
      if (resampler !== null) return encode(resampler.process(this.#linear(all, offset, frames)));
      return this.#mulaw(all, offset, frames);
    });
  }

  /** The recording is over: what is still within the filters. */
  end(): readonly Uint8Array[] {
    return this.#channels.map(({ resampler }) => encode(resampler?.end() ?? new Float32Array(0)));
  }

  #mulaw(data: Uint8Array, offset: number, frames: number): Uint8Array {
    if (this.#format.encoding === 'mulaw' && this.#frame === 1) return data;
    const { mulaw } = ENCODINGS[this.#format.encoding];
    const output = new Uint8Array(frames);
    for (let n = 0; n < frames; n++) output[n] = mulaw(data, n * this.#frame + offset);
    return output;
  }

  #linear(data: Uint8Array, offset: number, frames: number): Float32Array {
    const { linear } = ENCODINGS[this.#format.encoding];
    const output = new Float32Array(frames);
    for (let n = 0; n < frames; n++) output[n] = linear(data, n * this.#frame + offset);
    return output;
  }
}

function encode(samples: Float32Array): Uint8Array {
  const output = new Uint8Array(samples.length);
  for (let n = 0; n < samples.length; n++) output[n] = mulawEncode(samples[n] ?? 0);
  return output;
}
