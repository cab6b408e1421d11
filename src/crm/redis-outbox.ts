import type { Clock } from '../clock.js';
import { codeOf } from '../errors.js';
import type { Logger } from '../log.js';
import type { Metrics } from '../metrics.js';
import { slotTag } from '../redis/keys.js';
import type { Redis, Script } from '../redis/redis.js';
import { SLOT_ENTRY_LUA, slotEntryArguments, slotEntryKeys } from '../redis/slot-entry.js';
import type { Outbox, OutboxEntry } from './event.js';

export interface RedisOutboxOptions {
  redis: Redis;
  /** Told of every slot that was written. */
  relay: { nudge(merchant: string, bucket: number): void };
  clock: Clock;
  log: Logger;
  metrics: Metrics;
}

/** Entries kept in memory while Redis is away: some thousand calls' worth. What comes beyond is lost, and counted. */
const MAX_WAITING = 10_000;
const BATCH = 100;
const RETRY_MS = 200;

interface Waiting {
  entry: OutboxEntry;
  /** Told when the entry has left the queue. */
  done: () => void;
}

const WRITE: Script = { name: 'outbox-write', lua: `${SLOT_ENTRY_LUA}\nannounce()\nreturn 1` };

/** The outbox lists of Redis, one a slot, and a bounded queue before them for when Redis is away. */
export class RedisOutbox implements Outbox {
  readonly #options: RedisOutboxOptions;
  readonly #waiting: Waiting[] = [];
  #writing: Promise<void> | null = null;

  constructor(options: RedisOutboxOptions) {
    this.#options = options;
  }

  async write({ event, bucket, writes }: OutboxEntry): Promise<void> {
    const { redis, relay } = this.#options;
    const entry = { slot: slotTag(event.merchant, bucket), events: [JSON.stringify(event)], writes };
    await redis.run(WRITE, slotEntryKeys(entry), slotEntryArguments(entry));
    relay.nudge(event.merchant, bucket);
  }

  append(entry: OutboxEntry): Promise<void> {
    const { log, metrics } = this.#options;
    if (this.#waiting.length >= MAX_WAITING) {
      metrics.eventsDropped.inc();
      log.error(
        { event_type: entry.event.type, count: MAX_WAITING },
        'an event was dropped: redis is away for too long',
      );
      return Promise.resolve();
    }
    return new Promise((done) => {
      this.#waiting.push({ entry, done });
      this.#writing ??= this.#writeAll();
    });
  }

  nudge(merchant: string, bucket: number): void {
    this.#options.relay.nudge(merchant, bucket);
  }

  /** Resolves when nothing waits any more, or after `ms`. */
  async settle(ms: number): Promise<void> {
    await Promise.race([this.#writing, this.#pause(ms)]);
  }

  /** An entry leaves the queue once it is durable: after a lost answer it may be written twice, never not at all. */
  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, BATCH);
      // One connection carries them in this order.
      const written = await Promise.all(batch.map(({ entry }) => this.#attempt(entry)));
      const again = batch.filter((_, i) => written[i] === false);
      this.#waiting.splice(0, batch.length, ...again);
      batch.forEach(({ done }, i) => written[i] && done());
      if (again.length > 0) await this.#pause(RETRY_MS);
    }
    this.#writing = null;
  }

  /** False when it has to be tried again. */
  async #attempt(entry: OutboxEntry): Promise<boolean> {
    try {
      await this.write(entry);
    } catch (error) {
      const code = codeOf(error);
      if (code === 'redis_unavailable') return false;
      this.#options.metrics.eventsDropped.inc();
      this.#options.log.error({ event_type: entry.event.type, code }, 'an event was refused by redis');
    }
    return true;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#options.clock.after(ms, resolve));
  }
}
