import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const FILE = 'signer';
const CIPHER = 'aes-256-cbc';

/**
 * Signs checkpoints. Each has a key pair of its own: a checkpoint names the public key of the next one, and then its
 * private key is forgotten, so that nobody can sign the past again. The file `signer` holds the key in use and the
 * next one, encrypted under a passphrase.
 */
export class ChainSigner {
  readonly #dir: string;
  readonly #passphrase: Buffer;
  #current: KeyObject;
  #next: KeyObject;
  #saved: boolean;

  private constructor(
    dir: string,
    passphrase: Buffer,
    pair: readonly [KeyObject, KeyObject],
    saved: boolean,
  ) {
    this.#dir = dir;
    this.#passphrase = passphrase;
    [this.#current, this.#next] = pair;
    this.#saved = saved;
  }

  static async create(dir: string, passphrase: Buffer): Promise<ChainSigner> {
    const signer = new ChainSigner(dir, passphrase, [newKey(), newKey()], false);
    await signer.save();
    return signer;
  }

  /** The signer that the chain goes on with: `announced` is the key that it named last. Null when it has that key not. */
  static async open(dir: string, passphrase: Buffer, announced: string): Promise<ChainSigner | null> {
    try {
      const [current, next] = (await readFile(join(dir, FILE), 'latin1'))
        .split(/(?<=-----END [A-Z ]+-----\n)/)
        .map((key) => createPrivateKey({ key, format: 'pem', passphrase }));
      if (current === undefined || next === undefined) return null;
      const signer = new ChainSigner(dir, passphrase, [current, next], true);
      // The process may have died between a checkpoint and the forgetting of its key.
      if (nameOf(next) === announced) await signer.advance();
      return nameOf(signer.#current) === announced ? signer : null;
    } catch {
      return null;
    }
  }

  /** `ed25519:` and the public key. */
  get name(): string {
    return nameOf(this.#current);
  }

  get nextName(): string {
    return nameOf(this.#next);
  }

  sign(text: string): string {
    return sign(null, Buffer.from(text), this.#current).toString('base64url');
  }

  /** Forgets the key in use, once the checkpoint that it signed is on disk. */
  advance(): Promise<void> {
    this.#current = this.#next;
    this.#next = newKey();
    this.#saved = false;
    return this.save();
  }

  /** Resolves when the file holds the keys: no checkpoint may be written before. Rejects with a file system's error. */
  async save(): Promise<void> {
    if (this.#saved) return;
    const path = join(this.#dir, FILE);
    const file = await open(`${path}.new`, 'w', 0o600);
    try {
      await file.writeFile(this.#pemOf(this.#current) + this.#pemOf(this.#next));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
    await syncFolder(path);
    this.#saved = true;
  }

  #pemOf(key: KeyObject): string {
    const pem = key.export({ type: 'pkcs8', format: 'pem', cipher: CIPHER, passphrase: this.#passphrase });
    return pem.toString();
  }
}

/** A new name is durable once its folder is. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function newKey(): KeyObject {
  return generateKeyPairSync('ed25519').privateKey;
}

function nameOf(key: KeyObject): string {
  return `ed25519:${createPublicKey(key).export({ format: 'jwk' }).x}`;
}
