import { AppError } from '../errors.js';
import { KEY_PREFIX } from '../redis/keys.js';
import type { Redis } from '../redis/redis.js';
import type { KeyProvider } from './key-provider.js';

const PINS = `${KEY_PREFIX}vault-keys`;

/**
 * Notes in Redis the check value of every key when it is first seen, and compares it ever after. Throws AppError
 * `config_invalid` when a key was swapped for another of the same id: what the old one sealed would not open, and
 * the same card would get another fingerprint.
 */
export async function pinKeys(redis: Redis, keys: KeyProvider): Promise<void> {
  for (const [id, check] of Object.entries(keys.checks)) {
    await redis.command('HSETNX', PINS, id, check);
    if ((await redis.command('HGET', PINS, id)) !== check) {
      throw new AppError(
        'config_invalid',
        `VAULT_KEY_FILE: key ${id} is not the one that this Redis was filled with: put the right key file in its place`,
      );
    }
  }
}
