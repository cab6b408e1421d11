import type { KeyCell } from '../secret.js';

/**
 * What a carrier gives us, whichever it is. A carrier knows how a call is answered, dialled and streamed, never why:
 * it asks the `CallHandler`, which `call/` implements, and obeys. Audio is raw G.711 mu-law, 8 kHz, mono.
 */

/** A call that reached one of our numbers. Addresses are E.164, `sip:…` or `client:…`, as the carrier said them. */
export interface IncomingCall {
  callSid: string;
  from: string;
  to: string;
}

/** What a leg shall do next; the carrier puts it in its own language (TwiML). */
export type Instruction =
  /** Stream both ways with us. The one-time ticket comes back in `stream`; `leg` comes back in `streamOver`. */
  | { do: 'stream'; leg: string; ticket: string }
  /** Say one sentence, then hang up. */
  | { do: 'say'; sentence: string; language: Language }
  | { do: 'hang-up' };

export type Language = 'fr' | 'en';

export interface DialRequest {
  /** Our opaque id of the leg: every webhook of this leg carries it back. `[A-Za-z0-9_]` only. */
  leg: string;
  to: string;
  from: string;
  ringSeconds: number;
  /** Headers for a `sip:` address, such as `X-Tonewall-Call`. */
  sipHeaders?: Readonly<Record<string, string>>;
}

/** Commands to the carrier. Every one may reject with AppError `carrier_failed`. */
export interface CallControl {
  /** Places a call; resolves with its carrier SID once the carrier has accepted it. */
  dial(request: DialRequest): Promise<string>;
  /** Gives up a call that has not been answered. */
  cancel(callSid: string): Promise<void>;
  /** Ends a call in any state; one that is over already is no error. */
  hangUp(callSid: string): Promise<void>;
}

export type LegStatus =
  | 'queued'
  | 'initiated'
  | 'ringing'
  | 'in-progress'
  | 'completed'
  | 'busy'
  | 'failed'
  | 'no-answer'
  | 'canceled';

/** A status callback. They come in any order: `sequence` counts from 0 within the leg. */
export interface LegUpdate {
  callSid: string;
  status: LegStatus;
  sequence: number;
}

/** What the carrier asks and tells; `call/` implements it. Handlers are idempotent: webhooks may come twice. */
export interface CallHandler {
  incoming(call: IncomingCall): Promise<Instruction>;
  /** The dialled party picked up. */
  answered(leg: string, callSid: string): Promise<Instruction>;
  /** The leg's stream is over and the leg still lives (`<Connect>`'s action). */
  streamOver(leg: string, callSid: string): Promise<Instruction>;
  status(leg: string, update: LegUpdate): void;
  /**
   * A stream said its `start`. Null when the ticket is missing, spent, expired or another call's: the carrier side
   * then closes the socket (1008).
   */
  streamStarted(start: StreamStart, stream: MediaStream): StreamHandler | null;
}

export interface StreamStart {
  ticket: string;
  callSid: string;
  streamSid: string;
}

/** One party's audio, both ways: our side of it. */
export interface MediaStream {
  /**
   * Queues `frame` for playing to the party. The bytes are taken before this returns; the caller may reuse them. False
   * when some of it was dropped, because the carrier has yet to take what it was sent before.
   */
  send(frame: Uint8Array): boolean;
  /** Asks to be told, by `StreamHandler.mark`, when all that was sent before has been played. */
  mark(name: string): void;
  /** Empties what the party has not heard yet. */
  clear(): void;
  /** Ends the stream; the carrier then asks `streamOver`. */
  close(): void;
}

/** One party's audio, both ways: the carrier's side of it. */
export interface StreamHandler {
  /**
   * Audio of the party, in order. `missing` is the count of samples known to be lost just before it (0 normally).
   * The bytes are valid until this returns and are zeroed then.
   */
  audio(frame: Uint8Array, missing: number): void;
  /** The carrier's own word that the party pressed a key. The cell is cleared when this returns. */
  key(cell: KeyCell): void;
  mark(name: string): void;
  /** The stream is over (`stop`, socket closed, either side). Called exactly once. */
  closed(): void;
}
