import { codeOf } from '../../errors.js';
import type { Logger } from '../../log.js';
import type { Metrics } from '../../metrics.js';
import { KeyCell, NO_KEY } from '../../secret.js';
import type { StreamHandler } from '../carrier.js';
import { decodeBase64 } from '../../base64.js';
import { keyOf, type MediaMessageReader } from './media-message.js';
import { MediaOrder } from './media-order.js';

/** The most audio that one message may bring, half a second. The carrier sends 160 samples. */
export const MAX_FRAME_SAMPLES = 4096;
const FRAME_SAMPLES = 160;

/** Where audio and keys stand while a handler hears of them. One will do for all streams: nothing waits in it. */
export class Scratch {
  readonly audio = new Uint8Array(new ArrayBuffer(MAX_FRAME_SAMPLES));
  readonly cell = new KeyCell();
}

/** One stream's `media` and `dtmf` messages, handed to whoever handles the stream, in order and once. */
export class IncomingMedia {
  readonly #handler: StreamHandler;
  readonly #scratch: Scratch;
  readonly #log: Logger;
  readonly #metrics: Metrics;
  readonly #order = new MediaOrder();
  #faulted = false;

  constructor(handler: StreamHandler, scratch: Scratch, options: { log: Logger; metrics: Metrics }) {
    this.#handler = handler;
    this.#scratch = scratch;
    this.#log = options.log;
    this.#metrics = options.metrics;
  }

  /** Hands on the audio of the `media` message that `message` has just read. Null, or why it could not be taken. */
  audio(bytes: Uint8Array, message: MediaMessageReader): 'order' | 'payload' | null {
    if (!message.inbound) return null;
    if (!this.#order.inTurn(message.sequence)) return 'order';
    const { audio } = this.#scratch;
    try {
      const samples = decodeBase64(bytes, message.start, message.end, audio);
      if (samples <= 0) return 'payload';
      const missing = this.#order.missingBefore(message.chunk, message.timestamp, samples);
      if (missing > 0) this.#metrics.framesLate.inc(Math.ceil(missing / FRAME_SAMPLES));
      this.#handler.audio(audio.subarray(0, samples), missing);
    } catch (error) {
      this.#fault(error);
    } finally {
      audio.fill(0);
    }
    return null;
  }

  /** Hands on the key of a `dtmf` message. */
  key(bytes: Uint8Array, message: MediaMessageReader): 'order' | 'key' | null {
    if (!message.inbound) return null;
    if (!this.#order.inTurn(message.sequence)) return 'order';
    const { cell } = this.#scratch;
    try {
      cell.key = message.end - message.start === 1 ? keyOf(bytes[message.start] as number) : NO_KEY;
      if (cell.key === NO_KEY) return 'key';
      this.#handler.key(cell);
    } catch (error) {
      this.#fault(error);
    } finally {
      cell.clear();
    }
    return null;
  }

  /** A handler that throws must not take other calls with it. Told once: it may throw 50 times a second. */
  #fault(error: unknown): void {
    if (!this.#faulted) this.#log.error({ code: codeOf(error) }, 'a stream handler failed');
    this.#faulted = true;
  }
}
