import { withdrawn } from '../audit/settled.js';
import type { Clock } from '../clock.js';
import { AppError, codeOf } from '../errors.js';
import type { Logger } from '../log.js';
import { KEY_PREFIX, outboxKey, slotTag } from '../redis/keys.js';
import type { Durability } from '../redis/durability-level.js';
import type { ReplicatedRedis } from '../redis/redis.js';
import { slotEntryArguments, slotEntryKeys, type SlotEntry } from '../redis/slot-entry.js';
import { DurableWrites } from './durable-writes.js';
import { Persistence } from './persistence.js';
import { nameFields } from './name-fields.js';
import type { Retention } from './retention.js';
import { rowKeys } from './row-keys.js';
import { Settling } from './settling.js';
import { ALIAS, DESTROY, NOW, OPENING, PUT, REMEMBER } from './token-scripts.js';
import type { NewRow, Place, SealedCard, TokenRow, TokenStore } from './token-store.js';
import type { Announcement, OutcomeIn } from './vault.js';
import { Withdrawals } from './withdrawals.js';

export interface RedisTokenStoreOptions {
  redis: ReplicatedRedis;
  clock: Clock;
  log: Logger;
  /** `local` unless given. */
  durability?: Durability;
  /** How long a write may be tried before it is given up; the caller is on the line. */
  patienceMs?: number;
  /** Told of each card that was destroyed. */
  destroyed?: (place: Place) => void;
}

const PATIENCE_MS = 4_000;

/** 128 bits of a fingerprint tell cards apart; it is stored for each of them. */
const NAME_BYTES = 16;

/** Fields of the sealed card, by what it holds. */
const FIELDS = { card: 's', stored: 'p' } as const;

/**
 * Rows in Redis: `tw:v:{slot}:s:<index>` is the sealed card (a hash), `tw:v:{slot}:r:<index>` the record (JSON),
 * `tw:v:{slot}:p:<index>` the name that a provider has for the card (a hash), and
 * `tw:f:{slot of the fingerprint}:<fingerprint>` the fingerprint's outside name. Each ends by EXPIREAT.
 */
export class RedisTokenStore implements TokenStore {
  readonly #redis: ReplicatedRedis;
  readonly #persistence: Persistence;
  readonly #writes: DurableWrites;
  readonly #settling: Settling;
  readonly #withdrawals: Withdrawals;
  readonly #destroyed: (place: Place) => void;

  constructor(options: RedisTokenStoreOptions) {
    const { redis, clock, log, durability = 'local', patienceMs = PATIENCE_MS, destroyed } = options;
    this.#redis = redis;
    this.#persistence = new Persistence(redis, clock, patienceMs);
    this.#writes = new DurableWrites(redis, this.#persistence, durability);
    this.#settling = new Settling(redis, clock, log);
    this.#withdrawals = new Withdrawals(redis, log);
    this.#destroyed = destroyed ?? (() => {});
  }

  get durability(): Durability {
    return this.#writes.level;
  }

  async alias(merchant: string, fingerprint: Buffer, candidate: string, keepUntil: number): Promise<string> {
    const slot = slotTag(merchant, fingerprint[0] ?? 0);
    const family = `${KEY_PREFIX}f:${slot}:`;
    const name = fingerprint.subarray(0, NAME_BYTES).toString('base64url');
    const keys = [family + name, family + fingerprint.toString('hex')];
    return String(await this.#persistence.insist(() => this.#redis.run(ALIAS, keys, [candidate, keepUntil])));
  }

  async deadline(place: Place): Promise<number> {
    const now = this.#persistence.insist(() => this.#redis.run(NOW, [rowKeys(place).sealed], []));
    return Number(await now) + this.#persistence.patienceMs;
  }

  async put(
    place: Place,
    row: NewRow,
    retention: Retention,
    announcement: Announcement,
    deadline?: number,
  ): Promise<void> {
    const { slot, sealed, record, name } = rowKeys(place);
    const entry = entryOf(slot, announcement);
    const named = row.sealed?.name ? nameFields(row.sealed.name) : [];
    const keys = [...slotEntryKeys(entry), sealed, record, ...(named.length > 0 ? [name] : [])];
    const args = [
      ...slotEntryArguments(entry),
      ...[deadline ?? (await this.deadline(place)), retention.card, row.record, retention.record],
      ...[named.length, ...named, ...fieldsOf(row.sealed)],
    ];
    let outcome;
    try {
      outcome = await this.#writes.run(PUT, keys, args);
    } catch (error) {
      const replaces = announcement.writes.some((write) => write.replaces !== undefined);
      if (codeOf(error) === 'redis_unavailable' && !replaces) {
        const [append] = entry.appends ?? [];
        const told = append === undefined ? null : withdrawn(append);
        this.#withdrawals.add({ sealed, record, outbox: outboxKey(slot), events: entry.events, told });
      }
      throw error;
    }
    if (outcome === 'stale')
      throw new AppError('conflict', 'a record has changed since it was read; try again');
    if (outcome !== 'kept') throw new AppError('redis_unavailable', 'Redis took too long; try again');
  }

  async get(place: Place): Promise<TokenRow | null> {
    const { sealed, record } = rowKeys(place);
    const [fields, text] = await Promise.all([
      this.#redis.commandBuffer('HMGET', sealed, 'v', 'k', 'w', FIELDS.card, FIELDS.stored, 'b', 'n'),
      this.#redis.command('GET', record),
    ]);
    const [layout, version, dataKey, card, stored, bin, network = null] = (fields as Buffer[] | null) ?? [];
    const instrument = card ?? stored;
    if (!layout || !version || !dataKey || !instrument || !bin || typeof text !== 'string') return null;
    const holds = card ? 'card' : 'stored';
    const [layoutNumber, keyVersion] = [Number(layout.toString()), version.toString()];
    return {
      record: text,
      sealed: { layout: layoutNumber, keyVersion, dataKey, holds, card: instrument, bin, network },
    };
  }

  async destroy(place: Place, outcome?: OutcomeIn): Promise<boolean> {
    const { slot, sealed } = rowKeys(place);
    const append = outcome?.(slot);
    const [keys, args] = append === undefined ? [[], []] : [[append.key], [append.value]];
    const there = (await this.#writes.run(DESTROY, [sealed, ...keys], args)) === 1;
    if (there) this.#destroyed(place);
    return there;
  }

  async opening(place: Place, most: number, withinSeconds: number): Promise<number> {
    const { sealed, opened } = rowKeys(place);
    return Number(await this.#redis.run(OPENING, [sealed, opened], [most, withinSeconds]));
  }

  async remember(place: Place, network: Buffer): Promise<void> {
    await this.#writes.run(REMEMBER, [rowKeys(place).sealed], [network]);
  }

  async unsettled(place: Place): Promise<boolean> {
    if (!(await this.#settling.unsettled())) return false;
    return (await this.#redis.command('EXISTS', rowKeys(place).record)) === 0;
  }

  close(): void {
    this.#withdrawals.close();
    this.#settling.close();
  }
}

function fieldsOf(sealed: SealedCard | null): (string | number | Buffer)[] {
  if (sealed === null) return [];
  const { layout, keyVersion, dataKey, holds, card, bin, network } = sealed;
  const always = ['v', layout, 'k', keyVersion, 'w', dataKey, FIELDS[holds], card, 'b', bin];
  return network === null ? always : [...always, 'n', network];
}

function entryOf(slot: string, { events, writes, outcome }: Announcement): SlotEntry {
  if (writes.some((write) => !write.key.includes(slot))) {
    throw new AppError('internal', 'a record of another slot can not be written with a token');
  }
  return { slot, events, writes, appends: outcome === undefined ? [] : [outcome(slot)] };
}
