import { AppError } from '../errors.js';
import type { KeyState } from './key-provider.js';
import type { StoredKey } from './key-document.js';

/** The changes of a single key, by the command that makes them. */
const CHANGES = {
  retire: { from: 'decrypt-only', to: 'retired' },
  reinstate: { from: 'retired', to: 'decrypt-only' },
  destroy: { from: 'retired', to: 'destroyed' },
} as const satisfies Record<string, { from: KeyState; to: KeyState }>;

export type KeyChange = keyof typeof CHANGES;

/** What to do first with a key that is in another state. */
const FIRST: Readonly<Record<KeyState, string>> = {
  active: 'rotate first: it seals new cards',
  'decrypt-only': 'retire it first',
  retired: 'it is retired already',
  destroyed: 'it is gone for good',
};

/** The keys after a change of one of them. Throws AppError `bad_request`, which says what to do first. */
export function changed(
  keys: readonly StoredKey[],
  change: KeyChange,
  id: string,
  now: string,
): readonly StoredKey[] {
  const key = sealKey(keys, id);
  const { from, to } = CHANGES[change];
  if (key.state !== from) {
    const why = key.state === to ? 'it is so already' : FIRST[key.state];
    throw new AppError('bad_request', `${id} is ${key.state}: ${why}`);
  }
  return keys.map((other) => (other === key ? { ...key, state: to, changed: now } : other));
}

/** The version made ready by `rotate --prepare`, which waits for its turn: it is newer than the active one. */
export function preparedKey(keys: readonly StoredKey[]): StoredKey | null {
  const versions = keys.filter(({ use }) => use === 'seal');
  const active = versions.findIndex(({ state }) => state === 'active');
  return versions.find(({ state }, at) => at > active && state === 'decrypt-only') ?? null;
}

/** The keys once another version seals; the one that did still opens. */
export function activated(keys: readonly StoredKey[], id: string, now: string): readonly StoredKey[] {
  return keys.map((key): StoredKey => {
    if (key.id === id) return { ...key, state: 'active', changed: now };
    return key.use === 'seal' && key.state === 'active'
      ? { ...key, state: 'decrypt-only', changed: now }
      : key;
  });
}

/** The id of the next version: `k2` after `k1`, whatever became of that. */
export function nextId(keys: readonly StoredKey[]): string {
  const numbers = keys.map(({ id }) => Number(/^k(\d{1,6})$/.exec(id)?.[1] ?? 0));
  return `k${Math.max(0, ...numbers) + 1}`;
}

/** A version by its name. Throws AppError `bad_request` when there is none. */
export function sealKey(keys: readonly StoredKey[], id: string): StoredKey {
  const key = keys.find((key) => key.use === 'seal' && key.id === id);
  if (key !== undefined) return key;
  const known = keys.filter(({ use }) => use === 'seal').map((key) => key.id);
  throw new AppError('bad_request', `there is no such version: the file has ${known.join(', ')}`);
}
