import type { Clock } from '../clock.js';
import { codeOf } from '../errors.js';
import type { Logger } from '../log.js';
import type { RedisServers } from '../redis/redis.js';

/** A server that was lost comes back, or is given up, in less. */
const UNSETTLED_MS = 60_000;

/**
 * Knows whether other servers answer than a while ago. After a failover they may lack what the last ones had
 * acknowledged, and so may a server that came back from an older copy: what they don't know is not yet unknown.
 */
export class Settling {
  readonly #redis: RedisServers;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #unwatch: () => void;
  #servers: string | null = null;
  #changedAt: number | null = null;

  constructor(redis: RedisServers, clock: Clock, log: Logger) {
    this.#redis = redis;
    this.#clock = clock;
    this.#log = log;
    this.#unwatch = redis.watch((ready) => {
      if (ready)
        this.#look().catch((error: unknown) => log.debug({ code: codeOf(error) }, 'redis is away again'));
    });
  }

  /** Rejects with AppError `redis_unavailable` when that can't be known. */
  async unsettled(): Promise<boolean> {
    await this.#look();
    return this.#changedAt !== null && this.#clock.monotonic() - this.#changedAt < UNSETTLED_MS;
  }

  close(): void {
    this.#unwatch();
  }

  async #look(): Promise<void> {
    const infos = await Promise.all(this.#redis.masters().map((node) => node.command('INFO', 'server')));
    // Drawn by a server when it starts.
    const ids = infos.map((info) => /^run_id:(\w+)/m.exec(String(info))?.[1] ?? '');
    const servers = ids.toSorted().join();
    if (this.#servers !== null && servers !== this.#servers) {
      this.#changedAt = this.#clock.monotonic();
      this.#log.warn({ ms: UNSETTLED_MS }, 'other servers of redis answer now: unknown tokens are unsettled');
    }
    this.#servers = servers;
  }
}
