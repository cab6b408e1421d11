import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { readInto } from './own-reads.js';
import { overwriteStack } from './stack.js';
import { headerLength, MAX_HEADER_BYTES, payloadLength } from './websocket-frame.js';

/** Room for a frame that arrives in parts, at first; it grows to the largest frame. */
const FIRST_ROOM = 1024;

/** Smaller buffers live on V8's heap, where copies of them stay behind. */
const MIN_OFF_HEAP = 128;
const NOTHING = Buffer.alloc(0);

type Done = (error?: Error | null) => void;

/**
 * The socket that `ws` gets: it hands over one whole WebSocket frame at a time, and zeroes it as soon as `ws` and its
 * listeners are through with it. `ws` on the bare socket joins a frame that spans chunks in a buffer of its own, and
 * the masked original, with the mask beside it, stays in memory. A whole frame it unmasks in place and passes on as it
 * is, so that no byte of a message outlives its handling.
 *
 * A frame that says to be longer than `maxPayload` goes on as its header alone, at which `ws` closes; all that comes
 * later is dropped.
 */
export class FrameAlignedSocket extends Duplex {
  readonly #socket: Duplex;
  readonly #maxPayload: number;
  /** What the socket gave and nobody has taken yet. */
  #chunk: Buffer = NOTHING;
  /** The beginning of a frame whose end has not come. */
  #part: Buffer = Buffer.from(new ArrayBuffer(FIRST_ROOM));
  #partLength = 0;
  /** A frame was too long: nothing is read any more. */
  #deaf = false;

  /**
   * `head` is what came with the upgrade request; `ws` must be given an empty one. `reads` is the buffer that sockets
   * read into, one for all.
   */
  constructor(socket: Duplex, head: Buffer, reads: Buffer, maxPayload: number) {
    super();
    this.#socket = socket;
    this.#maxPayload = maxPayload;
    if (socket instanceof Socket) socket.setNoDelay(true).setTimeout(0);
    if (head.length > 0) socket.unshift(head);
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    readInto(socket, reads, (bytes) => this.#receive(bytes));
    socket.on('end', () => this.push(null));
    socket.on('error', () => this.destroy());
    socket.on('close', () => this.destroy());
  }

  /** Writes a whole frame past `ws`, which writes whole frames too. `done` tells that the bytes may be reused. */
  sendFrame(frame: Uint8Array, done?: Done): void {
    this.#socket.write(frame, done);
  }

  /** Bytes that the peer has not taken yet. */
  get unsent(): number {
    return this.#socket.writableLength + this.writableLength;
  }

  override resume(): this {
    super.resume();
    this.#deliver();
    return this;
  }

  override _read(): void {}

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: Done): void {
    this.#socket.write(chunk, done);
  }

  /** `ws` corks a frame's header and payload: together they stay one write, and nothing gets between them. */
  override _writev(chunks: { chunk: Uint8Array }[], done: Done): void {
    this.#socket.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: Done): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#chunk.fill(0);
    this.#part.fill(0);
    this.#socket.destroy();
    done(error);
  }

  #receive(bytes: Buffer): void {
    // Of a single message TLS leaves no more than one key on the stack.
    const several = this.#frameLength(bytes) !== bytes.length;
    if (several && this.#socket instanceof TLSSocket) setImmediate(overwriteStack);
    if (this.#chunk.length > 0) {
      // TLS gives all it has decrypted, also to who has paused.
      this.#chunk = moveOut(this.#chunk, bytes);
      return;
    }
    this.#chunk = bytes;
    this.#deliver();
    // Paused in the middle: these bytes are not ours for longer than this.
    if (this.#chunk.length > 0) this.#chunk = moveOut(this.#chunk);
  }

  /**
   * Passes on whole frames while `ws` takes them. Emits `data` itself: `push` may queue a frame, and a queued frame
   * would be zeroed before it is read.
   */
  #deliver(): void {
    while (this.#chunk.length > 0 && !this.#deaf && !this.isPaused()) {
      const frame = this.#takeFrame();
      if (frame === null) break;
      this.#deaf = payloadLength(frame) > this.#maxPayload;
      this.emit('data', frame);
      frame.fill(0);
      this.#deaf ||= this.destroyed;
    }
    if (this.#deaf) {
      this.#chunk.fill(0);
      this.#chunk = NOTHING;
    }
    if (this.#chunk.length > 0) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
  }

  /** The next frame, in the chunk itself where it is whole there. Null: the chunk is used up. */
  #takeFrame(): Buffer | null {
    if (this.#partLength === 0) {
      const length = this.#frameLength(this.#chunk);
      if (length !== null && length <= this.#chunk.length) return this.#take(length);
    }
    for (;;) {
      const part = this.#part.subarray(0, this.#partLength);
      const length = this.#frameLength(part);
      if (length === part.length) {
        this.#partLength = 0;
        return part;
      }
      if (this.#chunk.length === 0) return null;
      this.#append(length ?? part.length + 1);
    }
  }

  /** Bytes of the frame that begins in `bytes`, or null while its header has not all come. */
  #frameLength(bytes: Buffer): number | null {
    const second = bytes[1];
    if (second === undefined) return null;
    const header = headerLength(second);
    if (bytes.length < header) return null;
    const payload = payloadLength(bytes);
    return payload > this.#maxPayload ? header : header + payload;
  }

  /** Moves bytes of the chunk over until the part has `length`, or the chunk is used up. */
  #append(length: number): void {
    if (length > this.#part.length) {
      const room = Math.min(Math.max(length, 2 * this.#part.length), this.#maxPayload + MAX_HEADER_BYTES);
      const grown = Buffer.from(new ArrayBuffer(room));
      grown.set(this.#part.subarray(0, this.#partLength));
      this.#part.fill(0);
      this.#part = grown;
    }
    const moved = this.#take(Math.min(length - this.#partLength, this.#chunk.length));
    this.#part.set(moved, this.#partLength);
    this.#partLength += moved.length;
    moved.fill(0);
  }

  #take(length: number): Buffer {
    const taken = this.#chunk.subarray(0, length);
    this.#chunk = this.#chunk.subarray(length);
    return taken;
  }
}

/** The bytes of `parts` in one buffer, and nowhere else. */
function moveOut(...parts: Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const moved = Buffer.from(new ArrayBuffer(Math.max(length, MIN_OFF_HEAP)), 0, length);
  let at = 0;
  for (const part of parts) {
    moved.set(part, at);
    at += part.length;
    part.fill(0);
  }
  return moved;
}
