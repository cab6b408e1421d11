import type { Response } from 'express';
import type { Clock } from '../clock.js';
import { AppError } from '../errors.js';

/** Open pages of one router; each costs a socket and a listener. */
export const MAX_FEEDS = 100;
/** Proxies close what is silent for a minute. */
const HEARTBEAT_MS = 15_000;

/** Server-sent events to pages that show many things at once. */
export class PageFeeds {
  readonly #clock: Clock;
  readonly #limit: number;
  #open = 0;

  constructor(clock: Clock, limit = MAX_FEEDS) {
    this.#clock = clock;
    this.#limit = limit;
  }

  /**
   * Starts an event stream as the answer. `over` is called once, when the page is gone. Throws AppError
   * `too_many_streams`, having sent nothing.
   */
  open(response: Response, over: () => void): PageFeed {
    if (this.#open >= this.#limit) throw new AppError('too_many_streams', 'close a page, or try again later');
    this.#open++;
    response.status(200).set({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.flushHeaders();
    const feed = new PageFeed(response);
    let cancel = () => {};
    const beat = () => {
      feed.beat();
      cancel = this.#clock.after(HEARTBEAT_MS, beat);
    };
    beat();
    response.on('error', () => {});
    response.once('close', () => {
      this.#open--;
      cancel();
      over();
    });
    return feed;
  }
}

/** One page's stream. While the page reads slowly, what is newer of a key replaces what is older, so nothing piles up. */
export class PageFeed {
  readonly #response: Response;
  readonly #waiting = new Map<string, string>();

  constructor(response: Response) {
    this.#response = response;
    response.on('drain', () => this.#flush());
  }

  /** Sends `value` as the event `event`. `key` says what it is news of. */
  put(event: string, key: string, value: unknown): void {
    this.#waiting.delete(key);
    this.#waiting.set(key, `event: ${event}\ndata: ${JSON.stringify(value)}\n\n`);
    this.#flush();
  }

  beat(): void {
    if (!this.#response.writableNeedDrain) this.#response.write(': still here\n\n');
  }

  #flush(): void {
    for (const [key, text] of this.#waiting) {
      if (this.#response.writableNeedDrain || this.#response.destroyed) return;
      this.#waiting.delete(key);
      this.#response.write(text);
    }
  }
}
