import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { AppError } from '../errors.js';
import type { Secret } from '../secret.js';
import { open, seal } from './aead.js';
import type { KeyState, KeyUse, KeyVersion, MacUse } from './key-provider.js';
import type { RootKey } from './root-key.js';

const KEY_BYTES = 32;
/** Derived keys kept at hand; beyond it all are derived anew. */
const MAX_DERIVED = 1_000;

/** Why a version opens nothing. */
const SHUT: Readonly<Record<Exclude<KeyState, 'active' | 'decrypt-only'>, string>> = {
  retired: 'is retired: npx tonewall keys reinstate brings it back',
  destroyed: 'is destroyed: nobody can open what it sealed',
};

/** Opened root keys, and the keys of each use and merchant that are derived from them. It never changes. */
export class KeyRing {
  readonly keys: readonly RootKey[];
  readonly active: string;
  readonly versions: readonly KeyVersion[];
  readonly checks: Readonly<Record<string, string>>;
  readonly #macRoot: RootKey;
  readonly #derived = new Map<string, KeyObject>();

  /** Throws RangeError when no key seals, or none is for MACs: a key file has both. */
  constructor(keys: readonly RootKey[]) {
    const active = (use: RootKey['use']): RootKey => {
      const found = keys.find((key) => key.use === use && key.state === 'active');
      if (found === undefined) throw new RangeError(`no active key of use "${use}"`);
      return found;
    };
    this.keys = keys;
    this.active = active('seal').id;
    this.versions = keys.filter(({ use }) => use === 'seal').map(({ id, state }) => ({ id, state }));
    this.checks = Object.fromEntries(keys.map(({ id, check }) => [id, check]));
    this.#macRoot = active('mac');
  }

  /** Whether what this version sealed can be opened. */
  opens(version: string): boolean {
    return (this.#root(version)?.root ?? null) !== null;
  }

  wrap(merchant: string, dataKey: Secret, aad: Buffer): { version: string; sealed: Buffer } {
    const version = this.active;
    const key = this.#kek(version, merchant);
    return { version, sealed: seal(key, dataKey.reveal(), bound(aad, version)) };
  }

  /** Throws AppError `vault_unavailable`: see `KeyProvider`. */
  unwrap(merchant: string, version: string, sealed: Buffer, aad: Buffer): Secret {
    const dataKey = open(this.#kek(version, merchant), sealed, bound(aad, version));
    if (dataKey === null) throw new AppError('vault_unavailable', 'a data key does not open');
    return dataKey;
  }

  mac(use: MacUse, merchant: string, data: Uint8Array): Buffer {
    return hmac(this.#derive(this.#macRoot, use, merchant), data);
  }

  #root(version: string): RootKey | undefined {
    return this.keys.find(({ id, use }) => use === 'seal' && id === version);
  }

  #kek(version: string, merchant: string): KeyObject {
    const root = this.#root(version);
    if (root === undefined) throw shut('a key-encryption key is not in the key file');
    if (root.state === 'retired' || root.state === 'destroyed')
      throw shut(`key ${root.id} ${SHUT[root.state]}`);
    return this.#derive(root, 'seal', merchant);
  }

  #derive({ id, root }: RootKey, use: KeyUse, merchant: string): KeyObject {
    const name = `${id}/${use}/${merchant}`;
    let key = this.#derived.get(name);
    if (key === undefined) {
      if (root === null) throw shut(`key ${id} has no secret`);
      if (this.#derived.size >= MAX_DERIVED) this.#derived.clear();
      key = derive(root, `tonewall/${use}/${merchant}`);
      this.#derived.set(name, key);
    }
    return key;
  }
}

/** HKDF-SHA-256 (RFC 5869) with an empty salt, 32 bytes. The label names use and merchant: one key has one use. */
export function derive(root: KeyObject, label: string): KeyObject {
  const bytes = new Uint8Array(hkdfSync('sha256', root, '', label, KEY_BYTES));
  try {
    return createSecretKey(bytes);
  } finally {
    bytes.fill(0);
  }
}

/** HMAC-SHA-256 (FIPS 198-1). */
export function hmac(key: KeyObject, data: Uint8Array): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

/** The version is part of what a data key is bound to: a wrapped key passes for no other version's. */
function bound(aad: Buffer, version: string): Buffer {
  return Buffer.concat([aad, Buffer.from(version)]);
}

function shut(message: string): AppError {
  return new AppError('vault_unavailable', message);
}
