import { SAMPLE_RATE } from '../dsp/mulaw.js';
import { ENCODINGS, type EncodingName } from './encoding.js';

/** What the samples of a recording are. Channels lie side by side: a frame is one sample of each. */
export interface SoundFormat {
  readonly encoding: EncodingName;
  readonly channels: number;
  /** Frames a second. */
  readonly rate: number;
}

export const RAW_MULAW: SoundFormat = { encoding: 'mulaw', channels: 1, rate: SAMPLE_RATE };
const RAW_ALAW: SoundFormat = { ...RAW_MULAW, encoding: 'alaw' };
const RAW_PCM: SoundFormat = { ...RAW_MULAW, encoding: 'pcm16' };

/** Raw audio has no header: the end of the file's name says what it is, as sox and Asterisk write it. */
export const RAW_FORMATS: ReadonlyMap<string, SoundFormat> = new Map([
  ['ul', RAW_MULAW],
  ['mu', RAW_MULAW],
  ['ulaw', RAW_MULAW],
  ['mulaw', RAW_MULAW],
  ['pcmu', RAW_MULAW],
  ['al', RAW_ALAW],
  ['alaw', RAW_ALAW],
  ['pcma', RAW_ALAW],
  ['sln', RAW_PCM],
  ['sln8', RAW_PCM],
  ['sln16', { ...RAW_PCM, rate: 16_000 }],
  ['sln48', { ...RAW_PCM, rate: 48_000 }],
]);

/** Bytes of a frame. */
export function frameBytes({ encoding, channels }: SoundFormat): number {
  return ENCODINGS[encoding].bytes * channels;
}
