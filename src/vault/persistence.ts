import type { Clock } from '../clock.js';
import { codeOf } from '../errors.js';
import type { Redis } from '../redis/redis.js';

/** Between attempts while Redis answers but refuses: it is loading, or failing over. */
const PAUSE_MS = 50;

/** Tries idempotent work again while Redis is away, for as long as a caller can be asked to wait. */
export class Persistence {
  readonly patienceMs: number;
  readonly #redis: Redis;
  readonly #clock: Clock;

  constructor(redis: Redis, clock: Clock, patienceMs: number) {
    this.#redis = redis;
    this.#clock = clock;
    this.patienceMs = patienceMs;
  }

  /** Rejects as `work` does, with `redis_unavailable` only when patience is at its end. */
  async insist<T>(work: () => Promise<T>): Promise<T> {
    const end = this.#clock.monotonic() + this.patienceMs;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (codeOf(error) !== 'redis_unavailable') throw error;
        await this.#untilReady(end);
        if (this.#clock.monotonic() >= end) throw error;
      }
    }
  }

  #untilReady(end: number): Promise<void> {
    const left = Math.max(0, end - this.#clock.monotonic());
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        unwatch();
        resolve();
      };
      const cancel = this.#clock.after(this.#redis.ready ? Math.min(PAUSE_MS, left) : left, done);
      const unwatch = this.#redis.watch((ready) => {
        if (ready) done();
      });
    });
  }
}
