import { describe, expect, it } from '@jest/globals';
import { Secret } from '../../src/secret.js';
import type { StoredKey } from '../../src/vault/key-document.js';
import { activated, changed, nextId, preparedKey, sealKey } from '../../src/vault/key-lifecycle.js';
import type { KeyState } from '../../src/vault/key-provider.js';

const THEN = '2026-11-21T00:00:00.000Z';
const NOW = '2026-12-01T00:00:00.000Z';

function key(id: string, state: KeyState, use: StoredKey['use'] = 'seal'): StoredKey {
  return { id, use, state, created: THEN, changed: THEN, check: '0'.repeat(16), secret: new Secret() };
}

/** Of each state one, as a file has them after some rotations. */
const KEYS = [
  key('k1', 'destroyed'),
  key('k2', 'retired'),
  key('k3', 'decrypt-only'),
  key('k4', 'active'),
  key('m1', 'active', 'mac'),
];
const states = (keys: readonly StoredKey[]) => keys.map(({ id, state }) => `${id} ${state}`);

describe('a change', () => {
  it.each([
    ['retire', 'k3', 'retired'],
    ['reinstate', 'k2', 'decrypt-only'],
    ['destroy', 'k2', 'destroyed'],
  ] as const)('%s takes %s to %s, and no other key anywhere', (change, id, to) => {
    expect(changed(KEYS, change, id, NOW)).toEqual(
      KEYS.map((each) => (each.id === id ? { ...each, state: to, changed: NOW } : each)),
    );
  });

  it.each([
    ['retire', 'k4', 'k4 is active: rotate first: it seals new cards'],
    ['retire', 'k2', 'k2 is retired: it is so already'],
    ['retire', 'k1', 'k1 is destroyed: it is gone for good'],
    ['reinstate', 'k3', 'k3 is decrypt-only: it is so already'],
    ['reinstate', 'k4', 'k4 is active: rotate first: it seals new cards'],
    ['reinstate', 'k1', 'k1 is destroyed: it is gone for good'],
    ['destroy', 'k3', 'k3 is decrypt-only: retire it first'],
    ['destroy', 'k1', 'k1 is destroyed: it is so already'],
    ['destroy', 'm1', 'there is no such version: the file has k1, k2, k3, k4'],
    ['destroy', 'k9', 'there is no such version: the file has k1, k2, k3, k4'],
  ] as const)('%s of %s is refused: %s', (change, id, message) => {
    expect(() => changed(KEYS, change, id, NOW)).toThrow(
      expect.objectContaining({ code: 'bad_request', message }),
    );
  });
});

describe('the next version', () => {
  it('waits behind the one that seals', () => {
    expect(preparedKey(KEYS)).toBeNull();
    const waiting = key('k5', 'decrypt-only');
    expect(preparedKey([...KEYS, waiting])).toBe(waiting);
    expect(preparedKey([...KEYS, key('k5', 'retired'), waiting])).toBe(waiting);
    expect(
      preparedKey([key('m0', 'decrypt-only', 'mac'), ...KEYS, key('m2', 'decrypt-only', 'mac')]),
    ).toBeNull();
    expect(
      preparedKey([key('m0', 'active', 'mac'), key('k1', 'decrypt-only'), key('k2', 'active')]),
    ).toBeNull();
  });

  it('seals once it is its turn; the one that did still opens', () => {
    const after = activated([...KEYS, key('k5', 'decrypt-only')], 'k5', NOW);
    expect(states(after)).toEqual([
      ...['k1 destroyed', 'k2 retired', 'k3 decrypt-only', 'k4 decrypt-only'],
      ...['m1 active', 'k5 active'],
    ]);
    expect(after.filter(({ changed }) => changed === NOW).map(({ id }) => id)).toEqual(['k4', 'k5']);
  });

  it('has a number that none ever had', () => {
    expect([nextId([]), nextId(KEYS), nextId([key('k12', 'destroyed'), key('k3', 'active')])]).toEqual([
      ...['k1', 'k5', 'k13'],
    ]);
    expect(nextId([key('old-k7', 'retired'), key('k8x', 'retired'), key('m9', 'active', 'mac')])).toBe('k1');
  });
});

it('a version is found by its name, and a key of another use is none', () => {
  expect(sealKey(KEYS, 'k2')).toBe(KEYS[1]);
  expect(() => sealKey(KEYS, 'm1')).toThrow('there is no such version: the file has k1, k2, k3, k4');
});
