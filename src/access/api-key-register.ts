import { timestamp, type Clock } from '../clock.js';
import { AppError } from '../errors.js';
import type { Redis, Script } from '../redis/redis.js';
import { parseApiKeyRecord, stateOf, type ApiKeyRecord } from './api-key-record.js';
import { digestOf, newApiKey, newApiKeyId } from './api-key.js';
import { API_KEYS } from './redis-api-keys.js';

/** What a key is made for. */
export type Grant = Pick<ApiKeyRecord, 'principal' | 'merchant' | 'scopes' | 'expires'>;

export interface IssuedApiKey {
  /** The one time that it is seen. */
  apiKey: string;
  record: ApiKeyRecord;
}

/** The old one and the new one, while clients change over. */
const MAX_ACTIVE = 2;
/** All of them are read to change one. */
export const MAX_API_KEYS = 1_000;
/** Changes are made by people: one that is overtaken so often is a fault. */
const MAX_RACES = 20;

/**
 * KEYS: the API keys. ARGV: the version that the change was decided on, a digest, its record as it becomes (empty: it
 * goes). Gives 0 when another change came first.
 */
const CHANGE: Script = {
  name: 'api-key-change',
  lua: `
if (redis.call('HGET', KEYS[1], 'version') or '0') ~= ARGV[1] then return 0 end
redis.call('HINCRBY', KEYS[1], 'version', 1)
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[2])
else redis.call('HSET', KEYS[1], ARGV[2], ARGV[3]) end
return 1`,
};

interface Snapshot {
  version: string;
  /** By digest, oldest first. */
  records: ReadonlyMap<string, ApiKeyRecord>;
}

interface Change {
  digest: string;
  /** As it was, for a key that goes. */
  record: ApiKeyRecord;
  gone?: true;
}

/**
 * The stored API keys, for who gives them out. Every change rests on all keys as they are, so that no two make a
 * third valid key. Methods reject with AppError `bad_request` for what can't be, and `redis_unavailable`.
 */
export class ApiKeyRegister {
  readonly #redis: Redis;
  readonly #clock: Clock;

  constructor(redis: Redis, clock: Clock) {
    this.#redis = redis;
    this.#clock = clock;
  }

  /** Oldest first. */
  async list(): Promise<ApiKeyRecord[]> {
    return [...(await this.#read()).records.values()];
  }

  create(grant: Grant): Promise<IssuedApiKey> {
    return this.#issue(() => grant);
  }

  /** A second key with the rights of the first, for as long as that was given. The first one stays valid. */
  rotate(id: string): Promise<IssuedApiKey> {
    return this.#issue((snapshot) => {
      const { principal, merchant, scopes, expires, created } = find(snapshot, id).record;
      const ends = expires === null ? null : this.#clock.now() + expires - created;
      return { principal, merchant, scopes, expires: ends };
    });
  }

  /** Refused from now on, by every node, and gone. */
  revoke(id: string): Promise<ApiKeyRecord> {
    return this.#change((snapshot) => ({ ...find(snapshot, id), gone: true }));
  }

  /** Takes a disabled key back into use. */
  enable(id: string): Promise<ApiKeyRecord> {
    return this.#change((snapshot) => {
      const now = this.#clock.now();
      const { digest, record } = find(snapshot, id);
      const state = stateOf(record, now);
      if (state === 'expired') throw refused(`${id} is expired: rotate it for a new one`);
      if (state === 'active') throw refused(`${id} is active already`);
      this.#refuseThird(snapshot, record);
      return { digest, record: { ...record, enabled: now } };
    });
  }

  async #issue(grantOf: (snapshot: Snapshot) => Grant): Promise<IssuedApiKey> {
    const apiKey = newApiKey();
    const record = await this.#change((snapshot) => {
      const grant = grantOf(snapshot);
      this.#refuseThird(snapshot, grant);
      if (snapshot.records.size >= MAX_API_KEYS) {
        throw refused(`there are ${MAX_API_KEYS} API keys: revoke those that are expired or disabled`);
      }
      const { principal, merchant, scopes, expires } = grant;
      const now = this.#clock.now();
      const id = freeId(snapshot);
      return {
        digest: digestOf(apiKey),
        record: { id, principal, merchant, scopes, created: now, expires, enabled: now, used: null },
      };
    });
    return { apiKey, record };
  }

  #refuseThird({ records }: Snapshot, { principal, merchant }: Pick<Grant, 'principal' | 'merchant'>): void {
    const active = [...records.values()].filter(
      (other) =>
        other.principal === principal &&
        other.merchant === merchant &&
        stateOf(other, this.#clock.now()) === 'active',
    );
    if (active.length < MAX_ACTIVE) return;
    const named = active.map(
      ({ id, used }) => `${id} (${used === null ? 'never used' : `last used ${timestamp(used)}`})`,
    );
    throw refused(
      `${principal} has two valid API keys of ${merchant} already, ${named.join(' and ')}: ` +
        'revoke the one that nothing uses any more',
    );
  }

  /** Decides on all keys as they are, and does it only while they still are. */
  async #change(decide: (snapshot: Snapshot) => Change): Promise<ApiKeyRecord> {
    for (let attempt = 0; attempt < MAX_RACES; attempt++) {
      const snapshot = await this.#read();
      const { digest, record, gone } = decide(snapshot);
      const text = gone ? '' : JSON.stringify(record);
      if ((await this.#redis.run(CHANGE, [API_KEYS], [snapshot.version, digest, text])) === 1) return record;
    }
    throw new AppError('redis_unavailable', 'the API keys change too often: try again');
  }

  async #read(): Promise<Snapshot> {
    const reply = await this.#redis.command('HGETALL', API_KEYS);
    const items = Array.isArray(reply) ? reply.map(String) : [];
    const rows: [string, ApiKeyRecord][] = [];
    let version = '0';
    for (let i = 0; i < items.length; i += 2) {
      const [field = '', text = ''] = items.slice(i, i + 2);
      if (field === 'version') version = text;
      else rows.push([field, parseApiKeyRecord(text)]);
    }
    return { version, records: new Map(rows.toSorted(([, a], [, b]) => byAge(a, b))) };
  }
}

function byAge(a: ApiKeyRecord, b: ApiKeyRecord): number {
  return a.created - b.created || (a.id < b.id ? -1 : 1);
}

function find({ records }: Snapshot, id: string): { digest: string; record: ApiKeyRecord } {
  for (const [digest, record] of records) if (record.id === id) return { digest, record };
  throw refused('there is no API key with this id; see: npx tonewall apikeys list');
}

function freeId({ records }: Snapshot): string {
  const taken = new Set([...records.values()].map(({ id }) => id));
  for (;;) {
    const id = newApiKeyId();
    if (!taken.has(id)) return id;
  }
}

function refused(message: string): AppError {
  return new AppError('bad_request', message);
}
