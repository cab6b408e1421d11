import { decodeBase64, encodeBase64 } from '../../src/base64.js';
import { murmur } from '../../src/carrier/simulated/murmur.js';

/** 20 ms of audio, the frame of every stream. */
export const FRAME_MS = 20;
const FRAME_SAMPLES = 160;
/** Numbers begin high, so that they keep their length: all messages are alike but for some bytes. */
const FIRST = 50_000;
export const MOST_FRAMES = 100_000 - FIRST;

/** A client's text frame with a payload of 126 to 65,535 bytes, and its mask: all zero would spare the server work. */
const HEADER_BYTES = 8;
const FIN_TEXT = 0x81;
const MASKED_LENGTH_16 = 0xfe;
const MASK = [0x5a, 0xc3, 0x17, 0x99] as const;

/** What a marker can number: 12 bits each. */
export const MARKS = 4096;
/** Two groups of four characters, three samples each. */
const MARK_CHARACTERS = 8;
/** The quietest sixteen samples of one sign: a marker is as good as silence. */
const QUIET = 0xf0;

const MARK = new Uint8Array(6);

/** The end of what stands before the audio in a `media` message, whoever sent it. */
const PAYLOAD = Buffer.from('"payload":"');

/** `media` messages as masked WebSocket frames. Their audio is a voice that begins with the frame's marker. */
export class MediaFrames {
  readonly #frames: readonly Buffer[];
  readonly #sequenceAt: number;
  readonly #chunkAt: number;
  readonly #timestampAt: number;
  readonly #payloadAt: number;
  readonly #streamSidAt: number;

  constructor() {
    const voice = murmur(880);
    const payloads = Array.from({ length: voice.length / FRAME_SAMPLES }, (_, n) =>
      Buffer.from(voice.subarray(n * FRAME_SAMPLES, (n + 1) * FRAME_SAMPLES)).toString('base64'),
    );
    const texts = payloads.map(message);
    this.#frames = texts.map(masked);
    const [text = ''] = texts;
    const after = (words: string): number => HEADER_BYTES + text.indexOf(words) + words.length;
    this.#sequenceAt = after('"sequenceNumber":"');
    this.#chunkAt = after('"chunk":"');
    this.#timestampAt = after('"timestamp":"');
    this.#payloadAt = after('"payload":"');
    this.#streamSidAt = after('"streamSid":"');
  }

  /** A stream SID as `make` wants it. */
  sid(streamSid: string): Buffer {
    const bytes = Buffer.from(streamSid);
    mask(bytes, 0, bytes.length, this.#streamSidAt);
    return bytes;
  }

  /** Frame `n` of the stream of `leg`; `sid` as above. */
  make(n: number, leg: number, sid: Buffer): Buffer {
    const frame = Buffer.from(this.#frames[(n + leg) % this.#frames.length] ?? '');
    putNumber(frame, this.#sequenceAt, FIRST + n);
    putNumber(frame, this.#chunkAt, FIRST + n);
    putNumber(frame, this.#timestampAt, (FIRST + n) * FRAME_MS);
    putNibbles(MARK, 0, n);
    putNibbles(MARK, 3, leg);
    mask(frame, this.#payloadAt, encodeBase64(MARK, frame, this.#payloadAt));
    frame.set(sid, this.#streamSidAt);
    return frame;
  }
}

/** Which frame it was, as leg · `MARKS` + number modulo `MARKS`; -1 when the message brings other audio. */
export function readMarker(message: Buffer): number {
  const payload = message.indexOf(PAYLOAD);
  if (payload < 0) return -1;
  const at = payload + PAYLOAD.length;
  if (decodeBase64(message, at, at + MARK_CHARACTERS, MARK) !== MARK.length) return -1;
  for (const sample of MARK) if (sample < QUIET) return -1;
  return nibblesAt(3) * MARKS + nibblesAt(0);
}

/** A client's text frame. */
export function masked(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const frame = Buffer.alloc(HEADER_BYTES + length);
  frame.set([FIN_TEXT, MASKED_LENGTH_16, length >> 8, length & 0xff, ...MASK]);
  frame.write(text, HEADER_BYTES);
  mask(frame, HEADER_BYTES, frame.length);
  return frame;
}

function message(payload: string): string {
  const number = String(FIRST);
  return JSON.stringify({
    event: 'media',
    sequenceNumber: number,
    media: { track: 'inbound', chunk: number, timestamp: String(FIRST * FRAME_MS), payload },
    streamSid: `MZ${'0'.repeat(32)}`,
  });
}

/** 12 bits as three samples. */
function putNibbles(samples: Uint8Array, at: number, value: number): void {
  samples[at] = QUIET | ((value >> 8) & 0x0f);
  samples[at + 1] = QUIET | ((value >> 4) & 0x0f);
  samples[at + 2] = QUIET | (value & 0x0f);
}

function nibblesAt(at: number): number {
  return (((MARK[at] ?? 0) & 0x0f) << 8) | (((MARK[at + 1] ?? 0) & 0x0f) << 4) | ((MARK[at + 2] ?? 0) & 0x0f);
}

/** Over the number of as many digits that stands at `at`. */
function putNumber(frame: Buffer, at: number, value: number): void {
  let end = at;
  for (let rest = value; rest > 0; rest = Math.floor(rest / 10)) end++;
  let rest = value;
  for (let i = end - 1; i >= at; i--) {
    frame[i] = 0x30 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  mask(frame, at, end);
}

/** Masks (or unmasks) in place what stands from `start` to `end`, in a frame at `frameStart`. */
function mask(bytes: Uint8Array, start: number, end: number, frameStart = start): void {
  for (let i = start; i < end; i++) {
    bytes[i] = (bytes[i] ?? 0) ^ (MASK[(i - start + frameStart - HEADER_BYTES) & 3] ?? 0);
  }
}
