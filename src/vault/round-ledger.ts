import type { Redis } from '../redis/redis.js';
import { WalkLedger } from './walk-ledger.js';

/** How far a walk is that is begun again and again, what it counted, and when the last one began. */
export class RoundLedger<Name extends string> extends WalkLedger {
  readonly #redis: Redis;
  readonly #names: readonly Name[];

  constructor(redis: Redis, name: string, counted: readonly Name[]) {
    super(redis, name);
    this.#redis = redis;
    this.#names = counted;
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
    const zeroes = Object.fromEntries(this.#names.map((name) => [name, 0]));
    await this.beginWalk({ began: now, ...zeroes });
  }

  /** What was counted so far. */
  async counts(): Promise<Record<Name, number>> {
    const counts = (await this.#redis.command('HMGET', this.state, ...this.#names)) as (string | null)[];
    const pairs = this.#names.map((name, at) => [name, Number(counts[at] ?? 0)]);
    return Object.fromEntries(pairs) as Record<Name, number>;
  }

  /** Counts one more, apart from the walk. */
  async count(name: Name): Promise<void> {
    await this.#redis.command('HINCRBY', this.state, name, 1);
  }

  /** Ends it; gives what it counted. */
  async end(): Promise<Record<Name, number>> {
    const counts = await this.counts();
    await this.endWalk();
    return counts;
  }
}
