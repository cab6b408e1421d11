import type { Redis, Script } from '../redis/redis.js';

/**
 * KEYS: what is counted, a set of its ids by time. ARGV: now (ms), the window (ms), at most, an id. Gives 0 once the id is
 * counted, else for how many ms there is no room. The window slides: there is no turn of the hour at which twice as
 * many fit, and what is taken back leaves no trace.
 */
const TAKE: Script = {
  name: 'limit-take',
  lua: `
local now, window, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
if redis.call('ZCARD', KEYS[1]) >= most then
  -- A limit that was lowered lets the next one in only when all but so many have gone.
  local first = redis.call('ZRANGE', KEYS[1], -most, -most, 'WITHSCORES')
  return math.max(1, first[2] + window - now)
end
redis.call('ZADD', KEYS[1], now, ARGV[4])
redis.call('PEXPIRE', KEYS[1], window)
return 0`,
};

/** The same, of whether there is room now. */
const ROOM: Script = {
  name: 'limit-room',
  lua: `
local now, window, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local first = redis.call('ZRANGE', KEYS[1], -most, -most, 'WITHSCORES')
return first[2] and math.max(0, first[2] + window - now) or 0`,
};

/** Counts within windows that slide. Methods reject with AppError `redis_unavailable`. */
export class Window {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** 0 when `id` is counted from `now` on; else so many ms from now there is room. */
  async take(key: string, now: number, windowMs: number, most: number, id: string): Promise<number> {
    return Number(await this.#redis.run(TAKE, [key], [now, windowMs, most, id]));
  }

  /** In how many ms there is room; 0: now. */
  async wait(key: string, now: number, windowMs: number, most: number): Promise<number> {
    return Number(await this.#redis.run(ROOM, [key], [now, windowMs, most]));
  }

  /** It is as if it had never been counted. */
  async giveBack(key: string, id: string): Promise<void> {
    await this.#redis.command('ZREM', key, id);
  }
}
