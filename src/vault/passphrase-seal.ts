import { createSecretKey, randomBytes, scrypt, type KeyObject } from 'node:crypto';
import { AppError } from '../errors.js';
import { Secret } from '../secret.js';
import { open, seal } from './aead.js';
import { readPrivate, refused, type PrivateFile } from './private-file.js';
import type { RootSeal } from './root-seal.js';

export interface PassphraseSealOptions {
  /** A file with the passphrase: a systemd credential, a secret of the container engine. */
  path: string;
  /** Binary logarithm of scrypt's cost N; 17 unless given, and 128 MiB. */
  cost?: number;
}

/** `scrypt:COST:SALT:SEALED`, the last two in base64url. */
const SEALED = /^scrypt:(?<cost>\d{1,2}):(?<salt>[\w-]{22}):(?<sealed>[\w-]{40,200})$/;
/** N = 2^17, r = 8, p = 1: the OWASP Password Storage Cheat Sheet's first choice for scrypt. */
const COST = 17;
/** A file that asks for more (1 GiB) is not ours. */
const MAX_COST = 20;
const BLOCK_SIZE = 8;
const KEY_BYTES = 32;
const SALT_BYTES = 16;
const MIN_PASSPHRASE_BYTES = 20;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Seals roots with AES-256-GCM under a key that scrypt (RFC 7914) makes of a passphrase. */
export class PassphraseSeal implements RootSeal {
  readonly name = 'passphrase';
  readonly #file: PrivateFile;
  readonly #cost: number;
  /** By cost and salt: the roots of one file share theirs, so that scrypt runs once a file. */
  readonly #keys = new Map<string, Promise<KeyObject>>();
  #salt: string | null = null;

  constructor({ path, cost = COST }: PassphraseSealOptions) {
    const missing = 'put a passphrase of 20 characters or more in it, for instance: openssl rand -base64 32';
    this.#file = { path, setting: 'VAULT_KEY_PASSPHRASE_FILE', missing };
    this.#cost = cost;
  }

  async seal(root: Secret, label: string): Promise<Secret> {
    this.#salt ??= randomBytes(SALT_BYTES).toString('base64url');
    const key = await this.#key(this.#cost, this.#salt);
    const sealed = seal(key, root.reveal(), Buffer.from(label)).toString('base64url');
    return Secret.of(Buffer.from(`scrypt:${this.#cost}:${this.#salt}:${sealed}`));
  }

  async open(sealed: Secret, label: string): Promise<Secret> {
    const text = Buffer.from(sealed.reveal()).toString('latin1');
    const { cost = '', salt = '', sealed: bytes = '' } = SEALED.exec(text)?.groups ?? {};
    if (bytes === '' || Number(cost) > MAX_COST) throw damaged();
    const key = await this.#key(Number(cost), salt);
    const root = open(key, Buffer.from(bytes, 'base64url'), Buffer.from(label));
    if (root === null) throw damaged();
    if (Number(cost) === this.#cost) this.#salt = salt;
    return root;
  }

  #key(cost: number, salt: string): Promise<KeyObject> {
    const name = `${cost}:${salt}`;
    let key = this.#keys.get(name);
    if (key === undefined) {
      key = this.#derive(cost, salt);
      this.#keys.set(name, key);
      // A passphrase that could not be read is read again the next time.
      key.catch(() => this.#keys.delete(name));
    }
    return key;
  }

  async #derive(cost: number, salt: string): Promise<KeyObject> {
    const bytes = await readPrivate(this.#file);
    try {
      const passphrase = trimmed(bytes);
      if (passphrase.length < MIN_PASSPHRASE_BYTES)
        throw refused(this.#file, `holds a short passphrase: use 20 characters or more`);
      return await stretched(passphrase, Buffer.from(salt, 'base64url'), cost);
    } finally {
      bytes.fill(0);
    }
  }
}

/** Editors and `echo` end a file with a new line. */
function trimmed(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === NEWLINE || bytes[end - 1] === RETURN)) end--;
  return bytes.subarray(0, end);
}

function stretched(passphrase: Buffer, salt: Buffer, cost: number): Promise<KeyObject> {
  const N = 2 ** cost;
  return new Promise((resolve, reject) => {
    scrypt(
      passphrase,
      salt,
      KEY_BYTES,
      { N, r: BLOCK_SIZE, maxmem: 256 * N * BLOCK_SIZE },
      (error, bytes) => {
        if (error !== null) return reject(damaged());
        const key = createSecretKey(bytes);
        bytes.fill(0);
        resolve(key);
      },
    );
  });
}

function damaged(): AppError {
  return new AppError(
    'config_invalid',
    'VAULT_KEY_FILE does not open: VAULT_KEY_PASSPHRASE_FILE holds another passphrase, or the file is damaged',
  );
}
