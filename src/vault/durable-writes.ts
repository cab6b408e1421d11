import { AppError } from '../errors.js';
import { isReached, waitOf, type Durability } from '../redis/durability-level.js';
import type { RedisArgument, RedisReply, ReplicatedRedis, Script } from '../redis/redis.js';
import type { Persistence } from './persistence.js';

/** Runs scripts that write, until what they wrote is where the level of durability wants it. */
export class DurableWrites {
  readonly level: Durability;
  readonly #redis: ReplicatedRedis;
  readonly #persistence: Persistence;

  constructor(redis: ReplicatedRedis, persistence: Persistence, level: Durability) {
    this.#redis = redis;
    this.#persistence = persistence;
    this.level = level;
  }

  /**
   * Gives what the script said first: run again, it must write the same again, so that the wait covers it, and may say
   * another thing. Rejects with AppError `redis_unavailable` when the level is not reached in time: the write may be
   * there all the same.
   */
  run(script: Script, keys: readonly string[], args: readonly RedisArgument[]): Promise<RedisReply> {
    const wait = waitOf(this.level);
    if (wait === null) return this.#persistence.insist(() => this.#redis.run(script, keys, args));
    let first: RedisReply | undefined;
    return this.#persistence.insist(async () => {
      const { reply, waited } = await this.#redis.runAndWait(script, keys, args, wait);
      first ??= reply;
      if (isReached(this.level, waited)) return first;
      throw new AppError('redis_unavailable', `no replica has the write in time (${this.level}); try again`);
    });
  }
}
