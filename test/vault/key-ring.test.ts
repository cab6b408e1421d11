import { createSecretKey } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { Secret } from '../../src/secret.js';
import { open } from '../../src/vault/aead.js';
import { KeyRing } from '../../src/vault/key-ring.js';
import type { KeyState } from '../../src/vault/key-provider.js';
import type { RootKey } from '../../src/vault/root-key.js';

const TIME = '2026-11-21T00:00:00.000Z';
const AAD = Buffer.from('row');

function root(id: string, use: RootKey['use'], state: KeyState, byte: number | null): RootKey {
  const key = byte === null ? null : createSecretKey(Buffer.alloc(32, byte));
  return { id, use, state, created: TIME, changed: TIME, check: `check of ${id}`, root: key };
}

const KEYS = [
  root('k1', 'seal', 'destroyed', null),
  root('k2', 'seal', 'retired', null),
  root('k3', 'seal', 'decrypt-only', 3),
  root('k4', 'seal', 'active', 7),
  root('m1', 'mac', 'active', 9),
];
const dataKey = () => Secret.of(Buffer.alloc(32, 1));

describe('a ring of keys', () => {
  it('says what it has, the keys for MACs apart', () => {
    const { active, versions, checks } = new KeyRing(KEYS);
    expect({ active, versions, checks }).toEqual({
      active: 'k4',
      versions: [
        { id: 'k1', state: 'destroyed' },
        { id: 'k2', state: 'retired' },
        { id: 'k3', state: 'decrypt-only' },
        { id: 'k4', state: 'active' },
      ],
      checks: Object.fromEntries(KEYS.map(({ id, check }) => [id, check])),
    });
  });

  it('wraps under a key of the merchant, derived by its label, and binds the version', () => {
    const { version, sealed } = new KeyRing(KEYS).wrap('shop', dataKey(), AAD);
    expect(version).toBe('k4');
    // HKDF-SHA-256 of 32 bytes 07, without salt, for "tonewall/seal/shop".
    const derived = Buffer.from('30ae6416f22ab1a71aa51b9362cc402ee2470bc8880642b1148319342a553a11', 'hex');
    const opened = open(derived, sealed, Buffer.from('rowk4'));
    expect([...(opened?.reveal() ?? [])]).toEqual([...dataKey().reveal()]);
  });

  it('opens what is active or decrypt-only, and says of all else why not', () => {
    const ring = new KeyRing(KEYS);
    expect(['k1', 'k2', 'k3', 'k4', 'k5', 'm1'].map((version) => ring.opens(version))).toEqual([
      ...[false, false, true, true],
      ...[false, false],
    ]);
    const why = (version: string): unknown => {
      try {
        return ring.unwrap('shop', version, Buffer.alloc(60), AAD);
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(['k1', 'k2', 'k3', 'k5', 'm1'].map(why)).toEqual([
      'key k1 is destroyed: nobody can open what it sealed',
      'key k2 is retired: npx tonewall keys reinstate brings it back',
      'a data key does not open',
      'a key-encryption key is not in the key file',
      'a key-encryption key is not in the key file',
    ]);
  });

  it('opens nothing for another merchant, version or row', () => {
    const ring = new KeyRing(KEYS);
    const { sealed } = ring.wrap('shop', dataKey(), AAD);
    expect([...ring.unwrap('shop', 'k4', sealed, AAD).reveal()]).toEqual([...dataKey().reveal()]);
    for (const unwrap of [
      () => ring.unwrap('shed', 'k4', sealed, AAD),
      () => ring.unwrap('shop', 'k3', sealed, AAD),
      () => ring.unwrap('shop', 'k4', sealed, Buffer.from('another')),
    ]) {
      expect(unwrap).toThrow(expect.objectContaining({ code: 'vault_unavailable' }));
    }
  });

  it('makes MACs that differ by use and merchant', () => {
    const ring = new KeyRing(KEYS);
    const macs = [
      ring.mac('index', 'shop', AAD),
      ring.mac('fingerprint', 'shop', AAD),
      ring.mac('index', 'shed', AAD),
    ].map((mac) => mac.toString('hex'));
    expect(new Set(macs).size).toBe(3);
    expect(new KeyRing(KEYS).mac('index', 'shop', AAD).toString('hex')).toBe(macs[0]);
  });

  it('keeps the keys of a thousand merchants at hand, and derives those of more again', () => {
    const ring = new KeyRing(KEYS);
    const first = ring.mac('index', 'shop', AAD);
    for (let n = 0; n < 1_001; n++) ring.mac('index', `shop ${n}`, AAD);
    expect(ring.mac('index', 'shop', AAD)).toEqual(first);
  });

  it.each(['seal', 'mac'] as const)('is none without an active key of use %s', (use) => {
    expect(() => new KeyRing(KEYS.filter((key) => key.use !== use || key.state !== 'active'))).toThrow(
      `no active key of use "${use}"`,
    );
  });

  it('does not work with a key whose secret it has not', () => {
    const ring = new KeyRing([root('k1', 'seal', 'active', null), root('m1', 'mac', 'active', 9)]);
    expect(() => ring.wrap('shop', dataKey(), AAD)).toThrow('key k1 has no secret');
  });
});
