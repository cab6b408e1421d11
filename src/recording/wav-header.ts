import { SAMPLE_RATE } from '../dsp/mulaw.js';
import { AppError } from '../errors.js';
import type { ByteReader } from './byte-reader.js';
import { ENCODINGS, type EncodingName } from './encoding.js';
import { frameBytes, type SoundFormat } from './sound-format.js';

/** A header with more is taken to be damaged. */
export const MOST_CHANNELS = 32;
export const RATES = { least: SAMPLE_RATE, most: 192_000 } as const;

/** WAVE format codes (RFC 2361) that are read. */
const ENCODING_OF: ReadonlyMap<number, EncodingName> = new Map([
  [0x0001, 'pcm16'],
  [0x0006, 'alaw'],
  [0x0007, 'mulaw'],
]);
/** And some that recorders write, by name, so that the error says which it is. */
const NAME_OF: ReadonlyMap<number, string> = new Map([
  [0x0002, 'Microsoft ADPCM'],
  [0x0003, 'floating point'],
  [0x0011, 'IMA ADPCM'],
  [0x0031, 'GSM 6.10'],
  [0x0040, 'G.721 ADPCM'],
  [0x0050, 'MPEG'],
  [0x0055, 'MP3'],
  [0x0083, 'G.729'],
]);
/** WAVE_FORMAT_EXTENSIBLE: the code proper stands at byte 24. */
const EXTENSIBLE = 0xfffe;
/** The longest form of a "fmt " chunk. */
const FORMAT_BYTES = 40;

/** Programs that write into a pipe don't know the size yet: 0, all ones, or sox's 2 GiB less a page. */
const UNKNOWN_FROM = 0x7fff_f000;

const CONVERT = 'Convert it first, as in: sox IN.wav -e u-law OUT.wav';

export interface WavHeader {
  readonly format: SoundFormat;
  /** Bytes of samples that follow; null: up to the end of the stream. */
  readonly dataLength: number | null;
}

/** Whether these first 12 bytes are a WAV file's; RF64 (EBU Tech 3306) is a WAV file of over 4 GiB. */
export function isWav(start: Uint8Array): boolean {
  return ['RIFF', 'RF64', 'BW64'].includes(text(start, 0));
}

/**
 * Reads a WAV header up to the first sample. Throws AppError `unsupported_media_type` that says what is wrong and at
 * which byte.
 */
export async function readWavHeader(reader: ByteReader): Promise<WavHeader> {
  const start = await reader.take(12);
  if (start.length < 12) throw wrong('ends within its first 12 bytes');
  if (text(start, 8) !== 'WAVE')
    throw wrong('is RIFF but not WAVE at byte 8: no sound file that is read here');
  let format: SoundFormat | undefined;
  let longLength: number | undefined;
  for (;;) {
    const at = reader.position;
    const head = await reader.take(8);
    if (head.length < 8) throw cutOff(at);
    const size = view(head).getUint32(4, true);
    const name = text(head, 0);
    if (name === 'data') {
      if (format === undefined)
        throw wrong(`has samples at byte ${at} before a "fmt " chunk says what they are`);
      const known = size > 0 && size < UNKNOWN_FROM;
      return { format, dataLength: known ? size : (longLength ?? null) };
    }
    const body = await reader.take(Math.min(size, FORMAT_BYTES));
    if (body.length < Math.min(size, FORMAT_BYTES)) throw cutOff(at);
    if (name === 'fmt ') format = formatOf(body, at);
    if (name === 'ds64' && body.length >= 16) longLength = Number(view(body).getBigUint64(8, true));
    await reader.skip(size - body.length + (size % 2));
  }
}

function formatOf(body: Uint8Array, at: number): SoundFormat {
  if (body.length < 16)
    throw wrong(`has a "fmt " chunk of ${body.length} bytes at byte ${at}: 16 is the least`);
  const fields = view(body);
  const written = fields.getUint16(0, true);
  const code = written === EXTENSIBLE && body.length >= 26 ? fields.getUint16(24, true) : written;
  const [channels, rate] = [fields.getUint16(2, true), fields.getUint32(4, true)];
  const bits = fields.getUint16(14, true);
  const encoding = ENCODING_OF.get(code);
  if (encoding === undefined) {
    throw wrong(
      `holds ${NAME_OF.get(code) ?? `audio of format code ${code}`}: µ-law, A-law and 16-bit PCM are read. ${CONVERT}`,
    );
  }
  if (bits !== 8 * ENCODINGS[encoding].bytes) {
    throw wrong(`has ${bits} bits a sample: PCM is read with 16 bits, µ-law and A-law with 8. ${CONVERT}`);
  }
  if (channels < 1 || channels > MOST_CHANNELS)
    throw wrong(`has ${channels} channels: 1 to ${MOST_CHANNELS} are read`);
  if (rate < RATES.least || rate > RATES.most) {
    throw wrong(`has ${rate} samples a second: ${RATES.least} to ${RATES.most} are read`);
  }
  const format = { encoding, channels, rate };
  const align = fields.getUint16(12, true);
  if (align !== frameBytes(format)) {
    throw wrong(
      `says at byte ${at + 20} that a frame has ${align} bytes: ${channels} × ${bits} bits are ${frameBytes(format)}`,
    );
  }
  return format;
}

function text(bytes: Uint8Array, at: number): string {
  return Buffer.from(bytes.subarray(at, at + 4)).toString('latin1');
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function cutOff(at: number): AppError {
  return wrong(`ends at byte ${at}, or in the chunk there, before any samples: it has no "data" chunk`);
}

function wrong(what: string): AppError {
  return new AppError('unsupported_media_type', `the WAV file ${what}`);
}
