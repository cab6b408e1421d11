import { MULAW_DECODE, SAMPLE_RATE, mulawEncode } from '../../src/dsp/mulaw.js';
import { keyHz } from '../../src/dsp/keypad.js';
import { ALAW_DECODE } from '../../src/recording/alaw.js';
import type { SoundFormat } from '../../src/recording/sound-format.js';

/** WAVE format codes. */
const CODES = { mulaw: 7, alaw: 6, pcm16: 1 } as const;

/** A WAV file as a careful program writes it; the arguments after the samples make it odd. */
export function wavOf(
  format: SoundFormat,
  data: Uint8Array,
  { before = [], after = [], dataLength = data.length }: WavExtras = {},
): Buffer {
  const bytes = format.encoding === 'pcm16' ? 2 : 1;
  const fmt = Buffer.alloc(16);
  fmt.writeUInt16LE(CODES[format.encoding], 0);
  fmt.writeUInt16LE(format.channels, 2);
  fmt.writeUInt32LE(format.rate, 4);
  fmt.writeUInt32LE(format.rate * format.channels * bytes, 8);
  fmt.writeUInt16LE(format.channels * bytes, 12);
  fmt.writeUInt16LE(8 * bytes, 14);
  const padding = Buffer.alloc(data.length % 2);
  const body = [...before, chunk('fmt ', fmt), chunk('data', data, dataLength), padding, ...after];
  return chunk('RIFF', Buffer.concat([Buffer.from('WAVE'), ...body]));
}

export interface WavExtras {
  /** Whole chunks before the format and after the samples. */
  readonly before?: readonly Uint8Array[];
  readonly after?: readonly Uint8Array[];
  /** What the header says of the length of the samples. */
  readonly dataLength?: number;
}

export function chunk(name: string, body: Uint8Array, length = body.length): Buffer {
  const head = Buffer.alloc(8);
  head.write(name, 'latin1');
  head.writeUInt32LE(length, 4);
  return Buffer.concat([head, body]);
}

/** Samples (16-bit units) of each channel as bytes of a format. */
export function encoded(format: SoundFormat, channels: readonly Float64Array[]): Buffer {
  const frames = channels[0]?.length ?? 0;
  const bytes = format.encoding === 'pcm16' ? 2 : 1;
  const data = Buffer.alloc(frames * channels.length * bytes);
  for (let n = 0; n < frames; n++) {
    for (const [channel, samples] of channels.entries()) {
      const at = (n * channels.length + channel) * bytes;
      const sample = samples[n] ?? 0;
      if (format.encoding === 'pcm16') data.writeInt16LE(Math.round(sample), at);
      else data[at] = format.encoding === 'mulaw' ? mulawEncode(sample) : alawEncode(sample);
    }
  }
  return data;
}

const ALAW_ASCENDING = Array.from(ALAW_DECODE, (value, byte) => ({ value, byte })).toSorted(
  (a, b) => a.value - b.value,
);

/** The code that lies nearest. */
function alawEncode(sample: number): number {
  let low = 0;
  let high = ALAW_ASCENDING.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((ALAW_ASCENDING[middle]?.value ?? 0) <= sample) low = middle;
    else high = middle;
  }
  const [below, above] = [ALAW_ASCENDING[low], ALAW_ASCENDING[high]];
  const nearer = sample - (below?.value ?? 0) < (above?.value ?? 0) - sample ? below : above;
  return nearer?.byte ?? 0;
}

export interface Keyed {
  /** Seconds. */
  readonly start: number;
  readonly tone?: number;
  readonly pause?: number;
  /** Peak of each of the two tones, 16-bit units. */
  readonly peak?: number;
}

/** Adds keys, one after the other, to samples of any rate. `keys`: as on the keypad; a space is a pause of 3 s. */
export function addKeys(
  samples: Float64Array,
  rate: number,
  keys: string,
  { start, tone = 0.1, pause = 0.15, peak = 4000 }: Keyed,
): void {
  let at = start;
  for (const name of keys) {
    if (name === ' ') {
      at += 3;
      continue;
    }
    const from = Math.round(at * rate);
    for (const hz of keyHz('0123456789*#ABCD'.indexOf(name))) {
      for (let n = 0; n < tone * rate && from + n < samples.length; n++) {
        samples[from + n] = (samples[from + n] ?? 0) + peak * Math.sin((2 * Math.PI * hz * n) / rate);
      }
    }
    at += tone + pause;
  }
}

/** Seconds of one channel with keys in it. */
export function keyedSamples(rate: number, seconds: number, keys: string, keyed: Keyed): Float64Array {
  const samples = new Float64Array(Math.round(seconds * rate));
  addKeys(samples, rate, keys, keyed);
  return samples;
}

/** µ-law as the samples that it stands for. */
export function linear(mulaw: Uint8Array): Float64Array {
  return Float64Array.from(mulaw, (byte) => MULAW_DECODE[byte] ?? 0);
}

export const FORMATS: readonly SoundFormat[] = (['mulaw', 'alaw', 'pcm16'] as const).flatMap((encoding) =>
  [
    [1, SAMPLE_RATE],
    [2, SAMPLE_RATE],
    [1, 16_000],
    [3, 44_100],
  ].map(([channels = 1, rate = SAMPLE_RATE]) => ({ encoding, channels, rate })),
);
