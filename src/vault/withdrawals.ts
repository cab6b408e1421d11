import { codeOf } from '../errors.js';
import type { Logger } from '../log.js';
import type { SlotAppend } from '../redis/keys.js';
import type { Redis } from '../redis/redis.js';
import { WITHDRAW } from './token-scripts.js';

/** A write that was given up while its outcome was unknown. */
export interface Withdrawal {
  sealed: string;
  record: string;
  outbox: string;
  events: readonly string[];
  /** Who is told that it was taken back, if it was there. */
  told: SlotAppend | null;
}

const MAX_WAITING = 1_000;

/** Takes back, as soon as Redis answers, writes whose tokens were never given out. */
export class Withdrawals {
  readonly #redis: Redis;
  readonly #log: Logger;
  readonly #waiting: Withdrawal[] = [];
  readonly #unwatch: () => void;
  #busy = false;

  constructor(redis: Redis, log: Logger) {
    this.#redis = redis;
    this.#log = log;
    this.#unwatch = redis.watch((ready) => {
      if (ready) void this.#takeBack();
    });
  }

  add(withdrawal: Withdrawal): void {
    if (this.#waiting.length >= MAX_WAITING) {
      this.#log.error({ count: MAX_WAITING }, 'too many writes of unknown outcome: one is left as it is');
      return;
    }
    this.#waiting.push(withdrawal);
    if (this.#redis.ready) void this.#takeBack();
  }

  close(): void {
    this.#unwatch();
  }

  async #takeBack(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let [next] = this.#waiting; next !== undefined; [next] = this.#waiting) {
        await this.#withdraw(next);
        this.#waiting.shift();
      }
    } catch (error) {
      this.#log.warn({ code: codeOf(error) }, 'a write of unknown outcome waits to be taken back');
    } finally {
      this.#busy = false;
    }
  }

  async #withdraw({ sealed, record, outbox, events, told }: Withdrawal): Promise<void> {
    const keys = [sealed, record, outbox, ...(told === null ? [] : [told.key])];
    try {
      await this.#redis.run(WITHDRAW, keys, [told?.value ?? '', ...events]);
    } catch (error) {
      if (codeOf(error) === 'redis_unavailable') throw error;
      this.#log.error({ code: codeOf(error) }, 'a write of unknown outcome can not be taken back');
    }
  }
}
