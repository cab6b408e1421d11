import { encodeBase64, encodedLength } from '../../base64.js';
import { TEXT_HEADER_ROOM, writeTextHeader } from './websocket-frame.js';

/** Audio of one message: 20 ms. Longer audio goes in several. */
const MESSAGE_SAMPLES = 160;
/** Messages that the peer has not taken yet: 5 s of audio. What comes on top is dropped. */
export const MAX_UNSENT_MESSAGES = 250;

const END = Buffer.from('"}}');

/** Puts whole WebSocket frames on the wire; `done` tells that the bytes may be reused. */
export type FrameWriter = (frame: Uint8Array, done: () => void) => void;

interface Message {
  readonly frame: Uint8Array;
  readonly done: () => void;
}

/**
 * The `media` messages of one stream. A message is a whole WebSocket frame in a buffer of ours, of which only the
 * payload changes; it is used again once it has been written.
 */
export class OutgoingMedia {
  readonly #write: FrameWriter;
  readonly #begin: Buffer;
  readonly #free: Message[] = [];
  #made = 0;

  constructor(streamSid: string, write: FrameWriter) {
    this.#write = write;
    this.#begin = Buffer.from(
      `{"event":"media","streamSid":${JSON.stringify(streamSid)},"media":{"payload":"`,
    );
  }

  /** Sends mu-law `audio`; false when some of it was dropped because the peer doesn't take what it has. */
  send(audio: Uint8Array): boolean {
    for (let at = 0; at < audio.length; at += MESSAGE_SAMPLES) {
      const message = this.#free.pop() ?? this.#make();
      if (message === null) return false;
      // The usual frame fills its buffer. (A view of its own for each would cost nearly as much as the base64.)
      const samples = audio.length <= MESSAGE_SAMPLES ? audio : audio.subarray(at, at + MESSAGE_SAMPLES);
      const payloadEnd = encodeBase64(samples, message.frame, TEXT_HEADER_ROOM + this.#begin.length);
      for (let i = 0; i < END.length; i++) message.frame[payloadEnd + i] = END[i] as number;
      const end = payloadEnd + END.length;
      const begin = writeTextHeader(message.frame, end);
      const fills = begin === 0 && end === message.frame.length;
      this.#write(fills ? message.frame : message.frame.subarray(begin, end), message.done);
    }
    return true;
  }

  #make(): Message | null {
    if (this.#made === MAX_UNSENT_MESSAGES) return null;
    this.#made++;
    const room = TEXT_HEADER_ROOM + this.#begin.length + encodedLength(MESSAGE_SAMPLES) + END.length;
    const frame = new Uint8Array(new ArrayBuffer(room));
    frame.set(this.#begin, TEXT_HEADER_ROOM);
    const message: Message = { frame, done: () => this.#free.push(message) };
    return message;
  }
}
