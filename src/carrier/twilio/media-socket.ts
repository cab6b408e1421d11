import { WebSocket } from 'ws';
import type { Clock } from '../../clock.js';
import { codeOf } from '../../errors.js';
import type { Logger } from '../../log.js';
import type { Metrics } from '../../metrics.js';
import type { CallHandler, MediaStream, StreamHandler } from '../carrier.js';
import { readMark, readStart } from './control-message.js';
import type { FrameAlignedSocket } from './frame-aligned-socket.js';
import { IncomingMedia, Scratch } from './incoming-media.js';
import { LeakyBucket } from './leaky-bucket.js';
import { MediaMessageReader, type MediaMessageKind } from './media-message.js';
import { OutgoingMedia } from './outgoing-media.js';
import { textFrame } from './websocket-frame.js';

/** From the handshake to `start`. */
export const START_WITHIN_MS = 5_000;
/** Who answers no ping and sends nothing until the next one is gone. */
export const PING_EVERY_MS = 20_000;
/**
 * What a peer may send, in messages, longer ones counted for each 20 ms of their audio. A stream brings 50 a second;
 * what a stalled network held back, ten seconds of it, may come at once.
 */
export const RATE = { capacity: 500, perSecond: 100 };
/** Messages that could not be taken: single ones are forgiven, one in ten seconds for ever. */
export const BAD_MESSAGES = { capacity: 20, perSecond: 0.1 };
/** A peer that doesn't read gets no more pongs. */
const MAX_UNSENT_BYTES = 64 * 1024;
/** Characters of base64 for 20 ms of audio. */
const FRAME_CHARACTERS = 216;

const NORMAL = 1000;
const UNSUPPORTED_DATA = 1003;
const POLICY_VIOLATION = 1008;
const INTERNAL_ERROR = 1011;
/** Codes that `ws` closes with by itself, by its error code; all others are 1002. */
const CLOSED_BY_WS: Readonly<Record<string, number>> = {
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 1009,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: POLICY_VIOLATION,
};

/** What the media sockets of a node share. */
export interface MediaContext {
  accountSid: string;
  handler: CallHandler;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  reader: MediaMessageReader;
  scratch: Scratch;
}

interface Stream {
  readonly sid: string;
  /** The same, as it stands in messages. */
  readonly sidBytes: Uint8Array;
  readonly handler: StreamHandler;
  readonly incoming: IncomingMedia;
  readonly outgoing: OutgoingMedia;
}

/**
 * One media WebSocket after its handshake: what may be said when, and how much of it. The bytes of a message are
 * good until it is handled; `FrameAlignedSocket` zeroes them then.
 */
export class MediaSocket {
  readonly #ws: WebSocket;
  readonly #socket: FrameAlignedSocket;
  readonly #context: MediaContext;
  readonly #rate = new LeakyBucket(RATE);
  readonly #bad = new LeakyBucket(BAD_MESSAGES);
  #stream: Stream | null = null;
  /** We closed, or it is closed: nothing more is read or sent. */
  #over = false;
  #heardPeer = true;
  #heardAudio = true;
  readonly #cancelStart: () => void;
  #cancelPing: () => void;

  constructor(ws: WebSocket, socket: FrameAlignedSocket, context: MediaContext) {
    this.#ws = ws;
    this.#socket = socket;
    this.#context = context;
    this.#cancelStart = context.clock.after(START_WITHIN_MS, () => this.#refuse('no start in time'));
    this.#cancelPing = context.clock.after(PING_EVERY_MS, () => this.#ping());
    ws.on('message', (bytes: Buffer, binary: boolean) => this.#message(bytes, binary));
    ws.on('ping', (bytes: Buffer) => this.#pinged(bytes));
    ws.on('pong', () => (this.#heardPeer = true));
    ws.on('error', (error) => this.#broken(codeOf(error)));
    ws.on('close', () => this.#closed());
  }

  /** Closes; whoever handles the stream is told when the socket is down. */
  close(code: number): void {
    if (this.#over) return;
    this.#over = true;
    this.#ws.close(code);
  }

  #message(bytes: Buffer, binary: boolean): void {
    if (this.#over) return;
    this.#heardPeer = true;
    if (binary) return this.#refuse('binary message', UNSUPPORTED_DATA);
    const { reader } = this.#context;
    const kind = reader.read(bytes, this.#stream?.sidBytes ?? null);
    const units = kind === 'media' ? Math.max(1, (reader.end - reader.start) / FRAME_CHARACTERS) : 1;
    if (!this.#rate.add(units, this.#context.clock.monotonic())) return this.#refuse('too many messages');
    if (kind === 'unreadable') return this.#count('message');
    if (this.#stream === null) this.#opening(kind, bytes);
    else this.#streaming(this.#stream, kind, bytes);
  }

  #opening(kind: MediaMessageKind, bytes: Buffer): void {
    if (kind === 'start') this.#start(bytes);
    else if (kind !== 'connected' && kind !== 'unknown') this.#refuse('message before start');
  }

  #streaming(stream: Stream, kind: MediaMessageKind, bytes: Buffer): void {
    if (kind === 'media') {
      this.#heardAudio = true;
      this.#count(stream.incoming.audio(bytes, this.#context.reader));
    } else if (kind === 'dtmf') {
      this.#count(stream.incoming.key(bytes, this.#context.reader));
    } else if (kind === 'mark') {
      const name = readMark(bytes);
      if (name === null) this.#count('message');
      else this.#guard(() => stream.handler.mark(name));
    } else if (kind === 'start') {
      this.#refuse('second start');
    } else if (kind === 'stop') {
      this.close(NORMAL);
      this.#closed();
    }
  }

  #start(bytes: Buffer): void {
    const { accountSid, handler, log } = this.#context;
    const start = readStart(bytes);
    if (start === null) return this.#refuse('start without a call or in another format');
    if (start.accountSid !== accountSid) return this.#refuse('start of another account');
    const { callSid, streamSid } = start;
    const outgoing = new OutgoingMedia(streamSid, (frame, done) => this.#socket.sendFrame(frame, done));
    let taker: StreamHandler | null;
    try {
      const ticket = start.customParameters.ticket;
      taker = handler.streamStarted({ ticket, callSid, streamSid }, this.#side(streamSid, outgoing));
    } catch (error) {
      log.error({ call_sid: callSid, code: codeOf(error) }, 'a stream could not be taken');
      return this.#refuse('start failed here', INTERNAL_ERROR);
    }
    if (taker === null) return this.#refuse('ticket refused');
    this.#cancelStart();
    const incoming = new IncomingMedia(taker, this.#context.scratch, this.#context);
    const sidBytes = Buffer.from(streamSid);
    this.#stream = { sid: streamSid, sidBytes, handler: taker, incoming, outgoing };
    // The handler may have closed the stream while it took it.
    if (this.#over) this.#closed();
  }

  /** Our side of the stream, for its handler. */
  #side(streamSid: string, outgoing: OutgoingMedia): MediaStream {
    const tell = (message: object): void => {
      if (this.#writable()) this.#socket.sendFrame(textFrame(JSON.stringify(message)));
    };
    return {
      send: (frame) => {
        if (!this.#writable()) return true;
        const taken = outgoing.send(frame);
        if (!taken) this.#context.metrics.mediaFramesDropped.inc();
        return taken;
      },
      mark: (name) => tell({ event: 'mark', streamSid, mark: { name } }),
      clear: () => tell({ event: 'clear', streamSid }),
      close: () => this.close(NORMAL),
    };
  }

  #writable(): boolean {
    return !this.#over && this.#ws.readyState === WebSocket.OPEN;
  }

  #ping(): void {
    const { clock, metrics, log } = this.#context;
    if (!this.#heardPeer) {
      log.warn({ stream_sid: this.#stream?.sid ?? null }, 'media socket is dead: no message, no pong');
      this.#over = true;
      this.#ws.terminate();
      return;
    }
    if (this.#stream !== null && !this.#heardAudio) metrics.mediaStreamsQuiet.inc();
    this.#heardPeer = false;
    this.#heardAudio = false;
    this.#ws.ping();
    this.#cancelPing = clock.after(PING_EVERY_MS, () => this.#ping());
  }

  #pinged(bytes: Buffer): void {
    if (this.#over) return;
    this.#heardPeer = true;
    if (!this.#rate.add(1, this.#context.clock.monotonic())) return this.#refuse('too many messages');
    // A copy: the bytes are zeroed before a busy socket gets to write them.
    if (this.#socket.unsent < MAX_UNSENT_BYTES) this.#ws.pong(Buffer.from(bytes));
  }

  #count(reason: 'message' | 'order' | 'payload' | 'key' | null): void {
    if (reason === null) return;
    this.#context.metrics.mediaMessagesRefused.inc({ reason });
    // Repeats were read well, and cost the peer no more than any message.
    if (reason === 'order') return;
    if (!this.#bad.add(1, this.#context.clock.monotonic())) this.#refuse('too many bad messages');
  }

  #refuse(reason: string, code = POLICY_VIOLATION): void {
    if (this.#over) return;
    const { log, metrics } = this.#context;
    metrics.mediaSocketsClosed.inc({ code });
    log.warn({ stream_sid: this.#stream?.sid ?? null, code, reason }, 'media socket closed');
    this.close(code);
    this.#closed();
  }

  /** `ws` saw a fault of the protocol and closes. */
  #broken(code: string): void {
    if (this.#over) return;
    const { log, metrics } = this.#context;
    this.#over = true;
    metrics.mediaSocketsClosed.inc({ code: CLOSED_BY_WS[code] ?? 1002 });
    log.warn({ stream_sid: this.#stream?.sid ?? null, code }, 'media socket broke the WebSocket protocol');
    this.#closed();
  }

  /** Comes more than once; the handler is told once. */
  #closed(): void {
    this.#over = true;
    this.#cancelStart();
    this.#cancelPing();
    const stream = this.#stream;
    this.#stream = null;
    if (stream !== null) this.#guard(() => stream.handler.closed());
  }

  /** A handler that throws must not take other calls with it. */
  #guard(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#context.log.error({ code: codeOf(error) }, 'a stream handler failed');
    }
  }
}
