import type { Response } from 'express';
import type { Clock } from '../clock.js';
import { AppError } from '../errors.js';

/** Open streams of this process; each costs a socket and a listener. */
export const MAX_STREAMS = 1000;
/** Proxies close what is silent for a minute. */
const HEARTBEAT_MS = 15_000;

export interface Followed<View> {
  event: string;
  /** The view now. Rejects with AppError, which becomes the answer. */
  first(): Promise<View>;
  watch(listener: (view: View) => void): () => void;
  over(view: View): boolean;
  /** Whether whoever reads still may: asked with each heartbeat, for a key may be revoked meanwhile. Never rejects. */
  admitted(): Promise<boolean>;
}

/**
 * Views that change, as server-sent events: the view now, then each change, until one is over. A client that reads
 * slowly skips to the newest view, so nothing piles up.
 */
export class EventStreams {
  readonly #clock: Clock;
  readonly #limit: number;
  #open = 0;

  constructor(clock: Clock, limit = MAX_STREAMS) {
    this.#clock = clock;
    this.#limit = limit;
  }

  /** Resolves when the stream is over. Rejects, having sent nothing, with what `first` rejects with, or `too_many_streams`. */
  async follow<View>(response: Response, followed: Followed<View>): Promise<void> {
    if (this.#open >= this.#limit) throw new AppError('too_many_streams', 'close one, or try again later');
    this.#open++;
    const newest = new Newest<View>();
    response.on('error', () => newest.end());
    response.on('close', () => newest.end());
    let stop = () => {};
    try {
      stop = followed.watch((view) => newest.put(view));
      let first = await followed.first();
      // What changed meanwhile may be older or newer than what was read: read again.
      while (newest.discard()) first = await followed.first();
      await this.#send(response, followed, first, newest);
    } finally {
      stop();
      this.#open--;
    }
  }

  async #send<View>(
    response: Response,
    followed: Followed<View>,
    first: View,
    newest: Newest<View>,
  ): Promise<void> {
    response.status(200).set({ 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
    response.flushHeaders();
    const stopBeating = this.#beat(response, followed, newest);
    for (let view: View | null = first; view !== null; view = await newest.take()) {
      const taken = response.write(`event: ${followed.event}\ndata: ${JSON.stringify(view)}\n\n`);
      if (followed.over(view)) break;
      if (!taken && !response.destroyed) await drained(response);
    }
    stopBeating();
    response.end();
  }

  #beat<View>(response: Response, followed: Followed<View>, newest: Newest<View>): () => void {
    let cancel = () => {};
    const next = () => {
      cancel = this.#clock.after(HEARTBEAT_MS, () => {
        if (!response.writableNeedDrain) response.write(': still here\n\n');
        void endIfRefused(followed, newest);
        next();
      });
    };
    next();
    return () => cancel();
  }
}

/** A place for one view: a newer one replaces it. */
class Newest<View> {
  #view: View | null = null;
  #ended = false;
  #wake = () => {};

  put(view: View): void {
    this.#view = view;
    this.#wake();
  }

  /** Drops what was put; whether there was anything. */
  discard(): boolean {
    const full = this.#view !== null;
    this.#view = null;
    return full;
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Resolves with a view not yet taken, or null when the stream has ended. */
  async take(): Promise<View | null> {
    while (this.#view === null && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const view = this.#ended ? null : this.#view;
    this.#view = null;
    return view;
  }
}

async function endIfRefused<View>(followed: Followed<View>, newest: Newest<View>): Promise<void> {
  if (!(await followed.admitted())) newest.end();
}

/** Resolves when the client has read what was written, or is gone. */
function drained(response: Response): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}
