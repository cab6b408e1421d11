import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { AppError } from '../errors.js';
import type { Secret } from '../secret.js';
import { open, seal } from './aead.js';
import { readKeyFile, type KeyFile, type RootKey } from './key-file.js';
import type { KeyProvider, MacUse } from './key-provider.js';

const KEY_BYTES = 32;
/** Derived keys kept at hand; beyond it all are derived anew. */
const MAX_DERIVED = 1_000;

/** Reads the key file once. Throws AppError `config_invalid` with what to do. */
export async function loadFileKeyProvider(path: string): Promise<KeyProvider> {
  return new FileKeyProvider(await readKeyFile(path));
}

/** Keys of a local file; one for each use and merchant is derived from its roots with HKDF-SHA-256 (RFC 5869). */
export class FileKeyProvider implements KeyProvider {
  readonly active: string;
  readonly checks: Readonly<Record<string, string>>;
  readonly #roots: ReadonlyMap<string, RootKey>;
  readonly #macRoot: RootKey;
  readonly #derived = new Map<string, KeyObject>();

  constructor(file: KeyFile) {
    const macRoot = file.keys.find(({ use }) => use === 'mac');
    if (macRoot === undefined)
      throw new AppError('config_invalid', 'VAULT_KEY_FILE needs one key of use "mac"');
    this.active = file.active;
    this.checks = Object.fromEntries(file.keys.map(({ id, check }) => [id, check]));
    this.#roots = new Map(file.keys.filter(({ use }) => use === 'seal').map((key) => [key.id, key]));
    this.#macRoot = macRoot;
  }

  wrap(merchant: string, dataKey: Secret, aad: Buffer): Promise<{ version: string; sealed: Buffer }> {
    const version = this.active;
    return Promise.resolve({
      version,
      sealed: seal(this.#kek(version, merchant), dataKey.reveal(), bound(aad, version)),
    });
  }

  async unwrap(merchant: string, version: string, sealed: Buffer, aad: Buffer): Promise<Secret> {
    const dataKey = open(this.#kek(version, merchant), sealed, bound(aad, version));
    if (dataKey === null) throw new AppError('vault_unavailable', 'a data key does not open');
    return Promise.resolve(dataKey);
  }

  mac(use: MacUse, merchant: string, data: Uint8Array): Promise<Buffer> {
    return Promise.resolve(
      createHmac('sha256', this.#derive(this.#macRoot, use, merchant))
        .update(data)
        .digest(),
    );
  }

  #kek(version: string, merchant: string): KeyObject {
    const root = this.#roots.get(version);
    if (root === undefined)
      throw new AppError('vault_unavailable', 'a key-encryption key is not in the key file');
    return this.#derive(root, 'seal', merchant);
  }

  #derive({ id, root }: RootKey, use: MacUse | 'seal', merchant: string): KeyObject {
    const name = `${id}/${use}/${merchant}`;
    let key = this.#derived.get(name);
    if (key === undefined) {
      if (this.#derived.size >= MAX_DERIVED) this.#derived.clear();
      key = deriveKey(root, use, merchant);
      this.#derived.set(name, key);
    }
    return key;
  }
}

/** HKDF with an empty salt; the label names use and merchant, so one key has one purpose. */
export function deriveKey(root: KeyObject, use: MacUse | 'seal', merchant: string): KeyObject {
  const bytes = new Uint8Array(hkdfSync('sha256', root, '', `tonewall/${use}/${merchant}`, KEY_BYTES));
  try {
    return createSecretKey(bytes);
  } finally {
    bytes.fill(0);
  }
}

/** The version is part of what a data key is bound to: a wrapped key passes for no other version's. */
function bound(aad: Buffer, version: string): Buffer {
  return Buffer.concat([aad, Buffer.from(version)]);
}
