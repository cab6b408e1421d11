import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Clock } from '../clock.js';
import { KEY_PREFIX } from './keys.js';
import type { Redis, RedisReply } from './redis.js';

/** Where one more is to be counted, and how many may be within a window. */
export interface Place {
  key: string;
  most: number;
  seconds: number;
}

/** One more was counted everywhere; or nowhere, because one place is full for so many ms. */
export type Taken<P extends Place> =
  { full: null; giveBack: () => Promise<void> } | { full: P; wait: number; giveBack: null };

const PREFIX = `${KEY_PREFIX}limit`;
/** As long as a command may be under way. */
const UNDER_WAY_MS = 2_000;

/**
 * Counts by key within fixed windows, each of which begins with the first that is counted in it. At its turn up to twice
 * as many fit into the length of one window. Methods reject with AppError `redis_unavailable`.
 */
export class RateLimiter {
  readonly #client: object;
  readonly #clock: Clock;

  constructor(redis: Pick<Redis, 'command' | 'run'>, clock: Clock) {
    this.#client = clientOf(redis);
    this.#clock = clock;
  }

  /** Counts one more at all of these places, unless one of them is full. */
  async take<P extends Place>(places: readonly P[]): Promise<Taken<P>> {
    const taken: (() => Promise<void>)[] = [];
    const giveBack = async (): Promise<void> => void (await Promise.all(taken.map((back) => back())));
    for (const place of places) {
      const limiter = this.#limiter(place);
      const asked = this.#clock.monotonic();
      const counted = await consumed(limiter, place.key);
      taken.push(async () => {
        // In the next window it would make room for one more than may be: what is late goes with its own window.
        const endsAt = asked + counted.msBeforeNext;
        if (this.#clock.monotonic() + UNDER_WAY_MS < endsAt) await limiter.reward(place.key);
      });
      if (counted.consumedPoints <= place.most) continue;
      // One that is refused counts as well, for the library: it would take the place of what is given back later.
      await giveBack();
      return { full: place, wait: waitOf(counted), giveBack: null };
    }
    return { full: null, giveBack };
  }

  /** Counts one more, room or not. */
  async add(place: Place): Promise<void> {
    await this.#limiter(place).penalty(place.key);
  }

  /** In how many ms there is room; 0: now. */
  async wait(place: Place): Promise<number> {
    const now = await this.#limiter(place).get(place.key);
    return now === null || now.remainingPoints > 0 ? 0 : waitOf(now);
  }

  /** It holds nothing: what is counted lies in Redis. */
  #limiter({ most, seconds }: Place): RateLimiterRedis {
    const shape = { storeClient: this.#client, useRedisPackage: true };
    return new RateLimiterRedis({ ...shape, points: most, duration: seconds, keyPrefix: PREFIX });
  }
}

/** A refusal is an answer. */
async function consumed(limiter: RateLimiterRedis, key: string): Promise<RateLimiterRes> {
  try {
    return await limiter.consume(key);
  } catch (answer) {
    if (answer instanceof RateLimiterRes) return answer;
    throw answer;
  }
}

function waitOf({ msBeforeNext }: RateLimiterRes): number {
  return Math.max(1, msBeforeNext);
}

/** Our one client, as the library wants one: in the shape of node-redis, as far as it is used. */
function clientOf(redis: Pick<Redis, 'command' | 'run'>): object {
  return {
    eval: (lua: string, given: { keys: string[]; arguments: string[] }) =>
      redis.run({ name: 'rate-limiter', lua }, given.keys, given.arguments),
    multi() {
      const replies: Promise<RedisReply>[] = [];
      const pipeline = {
        get: (key: string) => then(redis.command('GET', key)),
        pTTL: (key: string) => then(redis.command('PTTL', key)),
        exec: () => Promise.all(replies),
      };
      const then = (reply: Promise<RedisReply>): typeof pipeline => {
        replies.push(reply);
        return pipeline;
      };
      return pipeline;
    },
  };
}
