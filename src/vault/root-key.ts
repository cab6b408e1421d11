import { createHmac, createSecretKey, randomFillSync, type KeyObject } from 'node:crypto';
import { AppError } from '../errors.js';
import { Secret } from '../secret.js';
import type { StoredKey } from './key-document.js';
import type { RootSeal } from './root-seal.js';

/** A root key, opened. */
export interface RootKey extends Omit<StoredKey, 'secret'> {
  /** Null when its state lets nobody use it. */
  readonly root: KeyObject | null;
}

const KEY_BYTES = 32;

/** A fresh root, sealed for the key file. The caller wipes its secret. */
export async function newRoot(seal: RootSeal, key: Omit<StoredKey, 'check' | 'secret'>): Promise<StoredKey> {
  const bytes = new Uint8Array(new ArrayBuffer(128), 0, KEY_BYTES);
  const root = Secret.of(randomFillSync(bytes));
  bytes.fill(0);
  try {
    const check = checkOf(createSecretKey(root.reveal()));
    return { ...key, check, secret: await seal.seal(root, labelOf(key)) };
  } finally {
    root.wipe();
  }
}

/**
 * Opens a key of the file. Throws AppError `config_invalid` when what comes out is not the key that its check value
 * was made for.
 */
export async function openRoot(seal: RootSeal, { secret, ...key }: StoredKey): Promise<RootKey> {
  if (key.state === 'retired' || key.state === 'destroyed') return { ...key, root: null };
  const bytes = await seal.open(secret, labelOf(key));
  try {
    const root = createSecretKey(bytes.reveal());
    if (bytes.length !== KEY_BYTES || checkOf(root) !== key.check) {
      throw new AppError(
        'config_invalid',
        `VAULT_KEY_FILE holds a damaged key ${key.id}: restore the file from its backup`,
      );
    }
    return { ...key, root };
  } finally {
    bytes.wipe();
  }
}

/** The same key under another seal. The caller wipes its secret. */
export async function resealed(from: RootSeal, to: RootSeal, key: StoredKey): Promise<StoredKey> {
  if (key.state === 'destroyed') return key;
  const root = await from.open(key.secret, labelOf(key));
  try {
    return { ...key, secret: await to.seal(root, labelOf(key)) };
  } finally {
    root.wipe();
  }
}

/** 64 bits of a MAC over a constant: enough to tell keys apart, nothing to work back from. */
function checkOf(root: KeyObject): string {
  return createHmac('sha256', root).update('tonewall key check').digest('hex').slice(0, 16);
}

/** Bound to a sealed root: it opens under its own name and use alone. */
function labelOf({ id, use }: Pick<StoredKey, 'id' | 'use'>): string {
  return `tonewall/root/${use}/${id}`;
}
