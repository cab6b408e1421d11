import type { RedisArgument } from '../redis/redis.js';
import type { SealedName } from './token-store.js';

/** Fields of a provider's name in Redis, in the order in which `nameOf` takes what they hold. */
export const NAME_FIELDS = ['v', 'k', 'w', 'p'] as const;

/** A name as it is written: fields and what they hold. */
export function nameFields({ layout, keyVersion, dataKey, name }: SealedName): RedisArgument[] {
  return ['v', layout, 'k', keyVersion, 'w', dataKey, 'p', name];
}

/** Null when one of them is not there. */
export function nameOf(held: readonly (Buffer | null)[]): SealedName | null {
  const [layout, version, dataKey, name] = held;
  if (!layout || !version || !dataKey || !name) return null;
  return { layout: Number(layout.toString()), keyVersion: version.toString(), dataKey, name };
}
