import type { Clock } from '../clock.js';
import { codeOf } from '../errors.js';
import type { Logger } from '../log.js';
import { KEY_PREFIX } from '../redis/keys.js';
import type { Redis, Script } from '../redis/redis.js';
import { parseApiKeyRecord, stateOf, type ApiKeyRecord } from './api-key-record.js';
import { digestOf, isApiKey } from './api-key.js';
import type { ApiKeys, FoundApiKey } from './api-keys.js';

/** A hash: the record of each key as JSON under its digest, and `version`, which counts the changes. */
export const API_KEYS = `${KEY_PREFIX}api-keys`;

const USED_STEP_MS = 3_600_000;

/** KEYS: the API keys. ARGV: a digest, its record as it was read, as it becomes. A key that is revoked stays gone. */
const TOUCH: Script = {
  name: 'api-key-touch',
  lua: `
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1`,
};

export interface RedisApiKeysOptions {
  redis: Redis;
  /** Says what is expired and unused: the nodes' own clocks. */
  clock: Clock;
  log: Logger;
}

/**
 * Keys that were made by `npx tonewall apikeys`. Each is looked up anew for each request, so that one that is revoked
 * is refused by every node at once; one command, whether there is such a key or not.
 */
export class RedisApiKeys implements ApiKeys {
  readonly #options: RedisApiKeysOptions;

  constructor(options: RedisApiKeysOptions) {
    this.#options = options;
  }

  async find(apiKey: string): Promise<FoundApiKey | null> {
    if (!isApiKey(apiKey)) return null;
    const { redis, clock } = this.#options;
    const digest = digestOf(apiKey);
    const text = await redis.command('HGET', API_KEYS, digest);
    if (typeof text !== 'string') return null;
    const record = parseApiKeyRecord(text);
    const state = stateOf(record, clock.now());
    if (state === 'active') await this.#touch(digest, text, record);
    const { id, principal, merchant, scopes } = record;
    return { id, state, client: { principal, merchant, scopes: new Set(scopes) } };
  }

  /** Notes the use, once an hour. A use that can't be noted is a use all the same. */
  async #touch(digest: string, text: string, record: ApiKeyRecord): Promise<void> {
    const { redis, clock, log } = this.#options;
    const used = clock.now();
    if (used - (record.used ?? 0) < USED_STEP_MS) return;
    try {
      await redis.run(TOUCH, [API_KEYS], [digest, text, JSON.stringify({ ...record, used })]);
    } catch (error) {
      log.warn({ api_key: record.id, code: codeOf(error) }, 'the use of an api key could not be noted');
    }
  }
}
