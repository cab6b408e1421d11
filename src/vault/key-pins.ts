import { AppError } from '../errors.js';
import type { Logger } from '../log.js';
import { KEY_PREFIX } from '../redis/keys.js';
import type { Redis } from '../redis/redis.js';

const PINS = `${KEY_PREFIX}vault-keys`;

/**
 * Notes in Redis the check value of every key when it is first seen, and compares it ever after. Throws AppError
 * `config_invalid` when a key was swapped for another of the same id: what the old one sealed would not open, and
 * the same card would get another fingerprint. Warns of a key file that is older than another one in use.
 */
export async function pinKeys(
  redis: Redis,
  checks: Readonly<Record<string, string>>,
  log: Logger,
): Promise<void> {
  for (const [id, check] of Object.entries(checks)) {
    await redis.command('HSETNX', PINS, id, check);
    if ((await redis.command('HGET', PINS, id)) !== check) {
      throw new AppError(
        'config_invalid',
        `VAULT_KEY_FILE: key ${id} is not the one that this Redis was filled with: put the right key file in its place`,
      );
    }
  }
  const unknown = Object.keys(await pinnedKeys(redis)).filter((id) => checks[id] === undefined);
  if (unknown.length > 0) {
    log.warn({ count: unknown.length }, 'the key file lacks keys that this Redis knows: is it an old copy?');
  }
}

/** The check value of each key that a Redis knows, by its id. */
export async function pinnedKeys(redis: Redis): Promise<Record<string, string>> {
  const reply = await redis.command('HGETALL', PINS);
  const words = Array.isArray(reply) ? reply.map(String) : [];
  return Object.fromEntries(words.flatMap((id, at) => (at % 2 === 0 ? [[id, words[at + 1] ?? '']] : [])));
}
