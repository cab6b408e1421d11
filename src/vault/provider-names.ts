import { randomBytes, randomInt } from 'node:crypto';
import type { Clock } from '../clock.js';
import { BUCKETS } from '../redis/keys.js';
import type { Redis, Script } from '../redis/redis.js';
import { CardSealer } from './card-sealer.js';
import type { KeyProvider } from './key-provider.js';
import { NAME_FIELDS, nameFields, nameOf } from './name-fields.js';
import { recordEnds } from './retention.js';
import { INDEX_BYTES, rowKeys } from './row-keys.js';
import { DESTROY } from './token-scripts.js';
import type { Place } from './token-store.js';
import type { StoredCard } from './vault.js';

export interface ProviderNamesOptions {
  redis: Redis;
  keys: KeyProvider;
  clock: Clock;
}

/** KEYS: the name. ARGV: when it ends (s), its fields. */
const KEEP: Script = {
  name: 'vault-keep-name',
  lua: `
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
return redis.call('EXPIREAT', KEYS[1], ARGV[1])`,
};

/**
 * Providers' names for cards. Each is written together with its token and stays until the card is forgotten, whatever
 * takes the token away: one whose token is not there is to be forgotten. Rejects with AppError `redis_unavailable`.
 */
export class ProviderNames {
  readonly #redis: Redis;
  readonly #sealer: CardSealer;
  readonly #clock: Clock;

  constructor({ redis, keys, clock }: ProviderNamesOptions) {
    this.#redis = redis;
    this.#sealer = new CardSealer(keys);
    this.#clock = clock;
  }

  /** Whether a token has gone whose name is there. */
  async isLeft(place: Place): Promise<boolean> {
    return (await this.#redis.command('EXISTS', rowKeys(place).sealed)) === 0;
  }

  /** Null when there is none, or its token is there. Rejects with AppError `vault_unavailable` when it does not open. */
  async left(place: Place): Promise<StoredCard | null> {
    const fields = await this.#redis.commandBuffer('HMGET', rowKeys(place).name, ...NAME_FIELDS);
    const name = nameOf(fields as (Buffer | null)[]);
    // Asked after the name: a token comes together with it, so one that is not there by now has gone.
    if (name === null || !(await this.isLeft(place))) return null;
    return this.#sealer.openName(place, name);
  }

  /** Keeps the name of a card that never had a token, at a place where no token will be. */
  async keep(merchant: string, stored: StoredCard): Promise<Place> {
    const place = { merchant, bucket: randomInt(BUCKETS), index: randomBytes(INDEX_BYTES) };
    const sealed = await this.#sealer.sealName(place, stored);
    const end = recordEnds(Math.floor(this.#clock.now() / 1000));
    await this.#redis.run(KEEP, [rowKeys(place).name], [end, ...nameFields(sealed)]);
    return place;
  }

  /** Its card is forgotten. */
  async drop(place: Place): Promise<void> {
    await this.#redis.run(DESTROY, [rowKeys(place).name], []);
  }
}
