import { createHash } from 'node:crypto';
import type { Clock } from '../clock.js';
import { AppError, codeOf } from '../errors.js';
import { isId } from '../id.js';
import type { Durability } from '../redis/durability-level.js';
import { KEY_PREFIX, receiptKey, slotOf, type SlotWrite } from '../redis/keys.js';
import type { Redis, ReplicatedRedis } from '../redis/redis.js';
import { slotEntryArguments, slotEntryKeys } from '../redis/slot-entry.js';
import { DurableWrites } from '../vault/durable-writes.js';
import { Persistence } from '../vault/persistence.js';
import type { TokenizeRequest, TokenView } from '../vault/vault.js';
import { ABANDON, CHANGE, CREATE } from './charge-scripts.js';
import { isOpen } from './charge-steps.js';
import type { ChargeRecord } from './charge.js';
import { GRACE_MS, Unsettled, type ChargeName } from './unsettled.js';

export interface ChargeStoreOptions {
  redis: ReplicatedRedis;
  durability: Durability;
  clock: Clock;
  graceMs?: number;
}

/** A change of a charge, and what becomes true with it. */
export interface Change {
  record: ChargeRecord;
  /** JSON of `CrmEvent`s. */
  events: readonly string[];
  writes: readonly SlotWrite[];
  /** The token was not spent after all. */
  frees: boolean;
}

/** 13 months to contest a payment, as calls and captures. */
const KEEP_SECONDS = 400 * 86_400;
/** Somebody waits for the outcome: so long a write is tried again while Redis is away. */
const PATIENCE_MS = 4_000;
/** Those who change one charge at once are few: its owner, a settler, refunds. */
const MAX_RACES = 20;

/**
 * Charges as JSON, in the slot of their token, which an id shares: `tw:c:{slot}:chg_…`. Beside each, what it was asked
 * for under (`key:`) and which charge spends a token of one use (`spent:`), by digests that tell neither. A record only
 * ever changes from what was read. Methods reject with AppError `redis_unavailable`.
 */
export class ChargeStore {
  readonly unsettled: Unsettled;
  readonly #redis: Redis;
  readonly #writes: DurableWrites;

  constructor({ redis, durability, clock, graceMs = GRACE_MS }: ChargeStoreOptions) {
    this.#redis = redis;
    this.#writes = new DurableWrites(redis, new Persistence(redis, clock, PATIENCE_MS), durability);
    this.unsettled = new Unsettled(redis, this.#writes, clock, graceMs);
  }

  /** Writes an intent down, and what is `beside` it in its slot: `spent` when another charge has, or may have, the token; the charge of the same key. */
  async create(
    record: ChargeRecord,
    beside: readonly SlotWrite[] = [],
  ): Promise<'created' | 'spent' | ChargeRecord> {
    const { merchant, idempotency, view } = record;
    const slot = slotOf(merchant, view.id);
    const entry = { slot, events: [], writes: [...this.writesOf(record), ...beside] };
    const keys = [...slotEntryKeys(entry), keyKey(slot, idempotency ?? view.id), ...spending(slot, record)];
    const reply = await this.#writes.run(CREATE, keys, [...slotEntryArguments(entry), view.id]);
    if (reply === view.id) return 'created';
    if (reply === 'spent') return reply;
    // The other one may have been given up in the meantime: then the key is free.
    return (await this.#unlessAbandoned(merchant, String(reply))) ?? this.create(record, beside);
  }

  /** An intent as writes of its slot, for where it is made together with its token. */
  writesOf(record: ChargeRecord): SlotWrite[] {
    const slot = slotOf(record.merchant, record.view.id);
    const beside = besides(slot, record).map((key) => write(key, record.view.id));
    return [write(recordKey(slot, record.view.id), JSON.stringify(record)), ...beside];
  }

  /** Undoes an intent that certainly led to nothing; false when somebody else has changed it. */
  async abandon(record: ChargeRecord): Promise<boolean> {
    const slot = slotOf(record.merchant, record.view.id);
    const { id } = record.view;
    const keys = [recordKey(slot, id), ...besides(slot, record), receiptKey(slot, id)];
    return (await this.#writes.run(ABANDON, keys, [JSON.stringify(record)])) === 1;
  }

  /** Rejects with AppError `not_found` when it is not there, or another merchant's. */
  async get(merchant: string, id: string): Promise<ChargeRecord> {
    return (await this.#read(merchant, id)).record;
  }

  async has({ merchant, id }: ChargeName): Promise<boolean> {
    if (!isId('chg_', id)) return false;
    return (await this.#redis.command('EXISTS', recordKey(slotOf(merchant, id), id))) === 1;
  }

  /** The charge of this token that was asked for under this key. */
  async ofKey(merchant: string, token: string, idempotency: string): Promise<ChargeRecord | null> {
    const id = await this.#redis.command('GET', keyKey(slotOf(merchant, token), idempotency));
    return typeof id === 'string' ? this.#unlessAbandoned(merchant, id) : null;
  }

  async isSpent(merchant: string, token: string): Promise<boolean> {
    return (await this.#redis.command('EXISTS', spentKey(slotOf(merchant, token), token))) === 1;
  }

  /**
   * Changes a charge by `step`, which is asked again when somebody else was faster; with null it is left as it is.
   * Resolves with what it is then.
   */
  async change(
    merchant: string,
    id: string,
    step: (record: ChargeRecord) => Promise<Change | null> | Change | null,
  ): Promise<ChargeRecord> {
    for (let race = 0; race < MAX_RACES; race++) {
      const { text, record } = await this.#read(merchant, id);
      const change = await step(record);
      if (change === null) return record;
      if (await this.#changed(text, change)) return change.record;
    }
    throw tooMany();
  }

  /**
   * Settles a charge that is open by `step`, together with the token that `tokenize` makes; the step is asked again with
   * another token when somebody else was faster. Of one that is settled already nothing changes, and there is no token.
   */
  async changeWithToken(
    merchant: string,
    id: string,
    tokenize: (announce: TokenizeRequest['announce']) => Promise<TokenView>,
    step: (record: ChargeRecord, token: TokenView) => Promise<Change>,
  ): Promise<ChargeRecord> {
    for (let race = 0; race < MAX_RACES; race++) {
      const { text, record } = await this.#read(merchant, id);
      if (!isOpen(record)) return record;
      let settled = record;
      try {
        await tokenize(async (token) => {
          const change = await step(record, token);
          settled = change.record;
          const slot = slotOf(merchant, id);
          const own = { ...write(recordKey(slot, id), JSON.stringify(settled)), replaces: text };
          const spent = spending(slot, settled).map((key) => write(key, id));
          return { events: change.events, writes: [own, ...spent, ...change.writes] };
        });
        return settled;
      } catch (error) {
        if (codeOf(error) !== 'conflict') throw error;
      }
    }
    throw tooMany();
  }

  #unlessAbandoned(merchant: string, id: string): Promise<ChargeRecord | null> {
    return this.get(merchant, id).catch((error: unknown) => {
      if (codeOf(error) === 'not_found') return null;
      throw error;
    });
  }

  async #changed(before: string, { record, events, writes, frees }: Change): Promise<boolean> {
    const slot = slotOf(record.merchant, record.view.id);
    const after = JSON.stringify(record);
    const own = write(recordKey(slot, record.view.id), after);
    const entry = { slot, events, writes: [own, ...writes] };
    const keys = [...slotEntryKeys(entry), ...(frees ? spending(slot, record) : [])];
    return (await this.#writes.run(CHANGE, keys, [...slotEntryArguments(entry), before, after])) === 1;
  }

  async #read(merchant: string, id: string): Promise<{ text: string; record: ChargeRecord }> {
    const known = isId('chg_', id);
    const text = known ? await this.#redis.command('GET', recordKey(slotOf(merchant, id), id)) : null;
    if (typeof text !== 'string') throw new AppError('not_found', 'there is no such charge');
    return { text, record: JSON.parse(text) as ChargeRecord };
  }
}

/** What a repetition of a request is known by. The key is the client's text, so its digest is kept. */
export function idempotencyDigest(about: string, key: string): string {
  return digest(`${about}\n${key}`);
}

function tooMany(): AppError {
  return new AppError('redis_unavailable', 'too many change this charge at once; try again');
}

function besides(slot: string, record: ChargeRecord): string[] {
  const { idempotency } = record;
  return [...(idempotency === null ? [] : [keyKey(slot, idempotency)]), ...spending(slot, record)];
}

/** What says that a token of one use is spent. */
function spending(slot: string, { once, token }: ChargeRecord): string[] {
  return once && token !== null ? [spentKey(slot, token)] : [];
}

function recordKey(slot: string, id: string): string {
  return `${KEY_PREFIX}c:${slot}:${id}`;
}

function keyKey(slot: string, idempotency: string): string {
  return `${KEY_PREFIX}c:${slot}:key:${idempotency}`;
}

/** A token has 128 random bits: nobody finds it by its digest. */
function spentKey(slot: string, token: string): string {
  return `${KEY_PREFIX}c:${slot}:spent:${digest(token)}`;
}

function write(key: string, value: string): SlotWrite {
  return { key, value, ttlSeconds: KEEP_SECONDS };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
