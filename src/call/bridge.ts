import type { MediaStream } from '../carrier/carrier.js';
import type { Guard } from '../dsp/guard.js';
import { MULAW_SILENCE } from '../dsp/mulaw.js';
import type { Ringback } from './ringback.js';

/** Frames as carriers send them: 20 ms. Others are cut into pieces of this length. */
const FRAME = 160;

/**
 * The audio between the two parties: frames are forwarded on arrival, one in one out, never by a timer. Caller to
 * agent goes through the guard and no other way exists; agent to caller is untouched.
 */
export class Bridge {
  readonly #guard: Guard;
  readonly #ringback: Ringback;
  readonly #out = new Uint8Array(new ArrayBuffer(FRAME)).fill(MULAW_SILENCE);
  #caller: MediaStream | null = null;
  #agent: MediaStream | null = null;

  constructor(guard: Guard, ringback: Ringback) {
    this.#guard = guard;
    this.#ringback = ringback;
  }

  joinCaller(stream: MediaStream): void {
    this.#caller = stream;
  }

  joinAgent(stream: MediaStream): void {
    this.#agent = stream;
  }

  part(): void {
    this.#caller = null;
    this.#agent = null;
    this.#guard.wipe();
  }

  /** Audio of the caller. The guard hears all of it, from the first frame; the agent hears what the guard gives. */
  fromCaller(frame: Uint8Array, missing: number): void {
    if (missing > 0) this.#guard.gap(missing);
    for (let start = 0; start < frame.length; start += FRAME) {
      const piece = frame.length <= FRAME ? frame : frame.subarray(start, start + FRAME);
      const out = piece.length === FRAME ? this.#out : this.#out.subarray(0, piece.length);
      this.#guard.process(piece, out);
      if (this.#agent !== null) this.#agent.send(out);
      else this.#ring(out);
    }
  }

  /** Audio of the agent. */
  fromAgent(frame: Uint8Array): void {
    this.#caller?.send(frame);
  }

  /** While nobody has answered, the caller hears ringing: a frame for each of his. */
  #ring(out: Uint8Array): void {
    this.#ringback.next(out);
    this.#caller?.send(out);
  }
}
