import type { Redis } from '../redis/redis.js';
import { NOTHING_FOUND, type Findings } from './vault-inspector.js';
import { WalkLedger } from './walk-ledger.js';

const NAMES = Object.keys(NOTHING_FOUND) as (keyof Findings)[];

/** How far a sweep is, what it found, and when the last one began. */
export class SweepLedger extends WalkLedger {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    super(redis, 'vault-sweep');
    this.#redis = redis;
  }

  /** Whether one was cut off, or none has begun within `everyMs`. */
  async isDue(now: number, everyMs: number): Promise<boolean> {
    if (await this.isUnderWay()) return true;
    const began = await this.#redis.command('HGET', this.state, 'began');
    return began === null || Number(began) + everyMs <= now;
  }

  /** Begins one, unless one was cut off: then that goes on. */
  async begin(now: number): Promise<void> {
    if (await this.isUnderWay()) return;
    await this.#redis.command('HSET', this.state, 'began', now, ...Object.entries(NOTHING_FOUND).flat());
  }

  /** Ends it; gives what it found. */
  async end(): Promise<Findings> {
    const counts = (await this.#redis.command('HMGET', this.state, ...NAMES)) as (string | null)[];
    await this.endWalk();
    return Object.fromEntries(NAMES.map((name, at) => [name, Number(counts[at] ?? 0)])) as Findings;
  }
}
