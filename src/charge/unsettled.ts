import type { Clock } from '../clock.js';
import { KEY_PREFIX } from '../redis/keys.js';
import type { Redis, RedisReply } from '../redis/redis.js';
import type { DurableWrites } from '../vault/durable-writes.js';
import { CLAIM, LOOK, REST } from './charge-scripts.js';

/** A charge of which something isn't known yet. */
export interface ChargeName {
  merchant: string;
  id: string;
  /** There where what isn't known is whether more was given back of it than is written down. */
  refunds?: true;
}

/**
 * Whoever makes a charge has it to himself for so long after each step: longer than a provider is waited for, and than
 * a request that its sender has given up may still be on its way. Only then is `absent` at the provider believed.
 */
export const GRACE_MS = 45_000;

const KEY = `${KEY_PREFIX}{charges}:unsettled`;
/** One that dies over what it has claimed holds others up for so long: a look-up takes less. */
const CLAIM_MS = 30_000;
/** After what is listed for its refunds. */
const REFUNDS = 'refunds';
/** A score after all others: no longer looked at by itself. */
const NEVER = '+inf';

/**
 * Charges that are to be settled, by the time when they are next looked at. A charge enters before it exists and leaves
 * after it is settled, so one that is forgotten here is one of which all is known. One whose refunds are to be compared
 * with the provider's is listed for that apart.
 */
export class Unsettled {
  readonly #redis: Redis;
  readonly #writes: DurableWrites;
  readonly #clock: Clock;
  readonly #graceMs: number;

  constructor(redis: Redis, writes: DurableWrites, clock: Clock, graceMs: number) {
    this.#redis = redis;
    this.#writes = writes;
    this.#clock = clock;
    this.#graceMs = graceMs;
  }

  /** Somebody begins to work at a charge, and has it to himself. */
  async enter(charge: ChargeName): Promise<void> {
    await this.look(charge, this.graceEnd({ since: this.#clock.now() }));
  }

  /** Whether whoever made the last step may still be at it. */
  isInHand(step: { since: number }): boolean {
    return this.#clock.now() < this.graceEnd(step);
  }

  graceEnd({ since }: { since: number }): number {
    return since + this.#graceMs;
  }

  /** To be looked at then: milliseconds since the epoch; `null`: not by itself. One that is due already stays so. */
  async look(charge: ChargeName, at: number | null): Promise<void> {
    await this.#writes.run(LOOK, [KEY], [memberOf(charge), at ?? NEVER, this.#clock.now()]);
  }

  /** Of an intent that is no more: nothing can come of it. */
  async remove(charge: ChargeName): Promise<void> {
    await this.#redis.command('ZREM', KEY, memberOf(charge));
  }

  /** When it is next looked at, as Redis has it; null: not listed. For `rest`, before its record is read. */
  async mark(charge: ChargeName): Promise<string | null> {
    const score = await this.#redis.command('ZSCORE', KEY, memberOf(charge));
    return score === null ? null : String(score);
  }

  /** All is known of a charge as it was after `mark`; one that somebody has begun to work at since stays. */
  async rest(charge: ChargeName, mark: string | null): Promise<void> {
    if (mark !== null) await this.#redis.run(REST, [KEY], [memberOf(charge), mark, this.#clock.now()]);
  }

  /** Those whose time has come. Nobody else is given them until `look` says when. */
  async claim(limit: number): Promise<ChargeName[]> {
    const now = this.#clock.now();
    return names(await this.#redis.run(CLAIM, [KEY], [now, now + Math.min(CLAIM_MS, this.#graceMs), limit]));
  }

  /** Brings forward what waits, whose merchant of these it may be; others are left alone. */
  async wake(id: string, merchants: readonly string[]): Promise<void> {
    const now = this.#clock.now();
    const members = merchants.map((merchant) => memberOf({ merchant, id }));
    await Promise.all(members.map((member) => this.#redis.command('ZADD', KEY, 'XX', now, member)));
  }

  async count(): Promise<number> {
    return Number(await this.#redis.command('ZCARD', KEY));
  }

  /** The next to be looked at first. */
  async list(limit: number): Promise<ChargeName[]> {
    return names(await this.#redis.command('ZRANGE', KEY, 0, limit - 1));
  }
}

function memberOf({ merchant, id, refunds }: ChargeName): string {
  return [id, merchant, ...(refunds ? [REFUNDS] : [])].join(' ');
}

function names(reply: RedisReply): ChargeName[] {
  if (!Array.isArray(reply)) return [];
  return reply.map((member) => {
    const [id = '', merchant = '', refunds] = String(member).split(' ');
    return { id, merchant, ...(refunds === REFUNDS && { refunds: true as const }) };
  });
}
