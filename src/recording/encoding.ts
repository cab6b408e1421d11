import { MULAW_DECODE, MULAW_SILENCE, mulawEncode } from '../dsp/mulaw.js';
import { ALAW_DECODE, ALAW_SILENCE } from './alaw.js';

/** How one sample lies in a file. Each function reads the sample whose first byte is at `at`. */
export interface Encoding {
  /** Bytes a sample. */
  readonly bytes: 1 | 2;
  /** Each byte of a sample of silence. */
  readonly silence: number;
  /** The sample in 16-bit units. */
  readonly linear: (data: Uint8Array, at: number) => number;
  /** The sample as a byte of µ-law; one that is µ-law already, unchanged. */
  readonly mulaw: (data: Uint8Array, at: number) => number;
}

const ALAW_TO_MULAW = Uint8Array.from(ALAW_DECODE, mulawEncode);

/** Little-endian, signed. */
function pcm16(data: Uint8Array, at: number): number {
  return (((data[at + 1] ?? 0) << 24) >> 16) | (data[at] ?? 0);
}

export const ENCODINGS = {
  mulaw: {
    bytes: 1,
    silence: MULAW_SILENCE,
    linear: (data, at) => MULAW_DECODE[data[at] ?? 0] ?? 0,
    mulaw: (data, at) => data[at] ?? 0,
  },
  alaw: {
    bytes: 1,
    silence: ALAW_SILENCE,
    linear: (data, at) => ALAW_DECODE[data[at] ?? 0] ?? 0,
    mulaw: (data, at) => ALAW_TO_MULAW[data[at] ?? 0] ?? 0,
  },
  pcm16: {
    bytes: 2,
    silence: 0,
    linear: pcm16,
    mulaw: (data, at) => mulawEncode(pcm16(data, at)),
  },
} as const satisfies Readonly<Record<string, Encoding>>;

export type EncodingName = keyof typeof ENCODINGS;
