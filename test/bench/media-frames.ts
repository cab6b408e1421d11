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

  /** Frame `n` of the stream of `leg`. */
  make(n: number, leg: number, streamSid: string): Buffer {
    const frame = Buffer.from(this.#frames[(n + leg) % this.#frames.length] ?? '');
    put(frame, this.#sequenceAt, String(FIRST + n));
    put(frame, this.#chunkAt, String(FIRST + n));
    put(frame, this.#timestampAt, String((FIRST + n) * FRAME_MS));
    put(frame, this.#payloadAt, nibbles(n) + nibbles(leg));
    put(frame, this.#streamSidAt, streamSid);
    return frame;
  }
}

/** Which frame it was: number modulo `MARKS`, and leg. Null when the message brings other audio. */
export function readMarker(message: Buffer): { n: number; leg: number } | null {
  const at = message.indexOf(PAYLOAD);
  if (at < 0) return null;
  const start = at + PAYLOAD.length;
  const samples = Buffer.from(message.toString('latin1', start, start + MARK_CHARACTERS), 'base64');
  if (samples.length !== 6 || samples.some((sample) => sample < QUIET)) return null;
  const nibble = (index: number): number => (samples[index] ?? 0) & 0x0f;
  const number = (index: number): number =>
    (nibble(index) << 8) | (nibble(index + 1) << 4) | nibble(index + 2);
  return { n: number(0), leg: number(3) };
}

/** A client's text frame. */
export function masked(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const frame = Buffer.alloc(HEADER_BYTES + length);
  frame.set([FIN_TEXT, MASKED_LENGTH_16, length >> 8, length & 0xff, ...MASK]);
  put(frame, HEADER_BYTES, text);
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

/** 12 bits as three samples in base64. */
function nibbles(value: number): string {
  const samples = [(value >> 8) & 0x0f, (value >> 4) & 0x0f, value & 0x0f];
  return Buffer.from(samples.map((nibble) => QUIET | nibble)).toString('base64');
}

function put(frame: Buffer, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) {
    frame[at + i] = text.charCodeAt(i) ^ (MASK[(at + i - HEADER_BYTES) % 4] ?? 0);
  }
}
