import { z } from 'zod';
import { AppError } from '../errors.js';
import { KEY_PREFIX } from '../redis/keys.js';
import type { Redis, RedisReply, Script } from '../redis/redis.js';
import type { CrmEvent, EventLog, EventPage, EventQuery, LoggedEvent } from './event.js';

const KEPT_SECONDS = 30 * 86_400;
/** `since` is about the service's clock, the order about Redis's: how far they may be apart. */
const CLOCK_SLACK_MS = 60_000;

/**
 * KEYS: the merchant's index, the event. ARGV: its id, its JSON, seconds to keep it. Scores are microseconds of
 * arrival, each above the last: a cursor never misses what came late. Run again it changes nothing.
 */
const ADD: Script = {
  name: 'event-log-add',
  lua: `
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
local now = redis.call('TIME')
local score = now[1] * 1000000 + now[2]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', score - ARGV[3] * 1000000))
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
if last and tonumber(last) >= score then score = tonumber(last) + 1 end
redis.call('HSET', KEYS[2], 'event', ARGV[2], 'delivery', 'pending')
redis.call('EXPIRE', KEYS[2], ARGV[3])
redis.call('ZADD', KEYS[1], string.format('%.0f', score), ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1`,
};

/** KEYS: the event. ARGV: its delivery. An event that has expired stays gone. */
const MARK: Script = {
  name: 'event-log-mark',
  lua: `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'delivery', ARGV[1])
return 1`,
};

const deliverySchema = z.enum(['pending', 'delivered', 'failed']);

/** Events of a merchant for 30 days, oldest first, in the order in which they were relayed. */
export class RedisEventLog implements EventLog {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** Idempotent by the event's id. */
  async add(event: CrmEvent): Promise<void> {
    const keys = [indexKey(event.merchant), eventKey(event.merchant, event.id)];
    await this.#redis.run(ADD, keys, [event.id, JSON.stringify(event), KEPT_SECONDS]);
  }

  async mark(merchant: string, id: string, delivery: LoggedEvent['delivery']): Promise<void> {
    await this.#redis.run(MARK, [eventKey(merchant, id)], [delivery]);
  }

  /** Null when there is no such event, or no longer. */
  async get(merchant: string, id: string): Promise<LoggedEvent | null> {
    const fields = await this.#redis.command('HMGET', eventKey(merchant, id), 'event', 'delivery');
    const [text, delivery] = Array.isArray(fields) ? fields : [];
    if (typeof text !== 'string') return null;
    return { ...(JSON.parse(text) as CrmEvent), delivery: deliverySchema.parse(delivery) };
  }

  async list(merchant: string, { since, cursor, limit }: EventQuery): Promise<EventPage> {
    const from = since === null ? '-inf' : (Date.parse(since) - CLOCK_SLACK_MS) * 1000;
    const after = cursor === null ? from : `(${scoreOf(cursor)}`;
    const page = await this.#redis.command(
      'ZRANGEBYSCORE',
      indexKey(merchant),
      ...[after, '+inf', 'WITHSCORES', 'LIMIT', 0, limit + 1],
    );
    const rows = pairs(page);
    const events = await Promise.all(rows.slice(0, limit).map(([id]) => this.get(merchant, id)));
    const more = rows.length > limit ? rows[limit - 1] : undefined;
    return {
      events: events.filter((event) => event !== null).filter((event) => !isBefore(event.timestamp, since)),
      cursor: more === undefined ? null : `${CURSOR}${more[1]}`,
    };
  }
}

function indexKey(merchant: string): string {
  return `${KEY_PREFIX}e:{${merchant}}:index`;
}

function eventKey(merchant: string, id: string): string {
  return `${KEY_PREFIX}e:{${merchant}}:${id}`;
}

/** Marks a cursor as ours: digits that somebody sends instead never reach Redis. */
const CURSOR = 'after_';

/** Throws AppError `bad_request` for what can't be a cursor of ours. */
function scoreOf(cursor: string): string {
  const score = cursor.startsWith(CURSOR) ? cursor.slice(CURSOR.length) : '';
  if (/^\d{1,16}$/.test(score)) return score;
  throw new AppError('bad_request', 'cursor is not one that this list gave');
}

function pairs(reply: RedisReply): [string, string][] {
  const items = Array.isArray(reply) ? reply.map(String) : [];
  return Array.from({ length: items.length / 2 }, (_, i) => [items[2 * i] ?? '', items[2 * i + 1] ?? '']);
}

function isBefore(timestamp: string, since: string | null): boolean {
  return since !== null && Date.parse(timestamp) < Date.parse(since);
}
