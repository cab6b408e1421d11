import { Secret } from '../secret.js';
import {
  formatKeyDocument,
  parseKeyDocument,
  wipeDocument,
  type KeyDocument,
  type StoredKey,
} from './key-document.js';
import { plainSeal } from './plain-seal.js';
import { changePrivate, createPrivate, readPrivate, refused, type PrivateFile } from './private-file.js';
import { newRoot, openRoot, type RootKey } from './root-key.js';
import type { RootSeal } from './root-seal.js';

/** What a change gives back must be wiped as what it got: secrets that both have are wiped once. */
export type DocumentChange = (document: KeyDocument) => Promise<KeyDocument>;

/**
 * Makes a key file, mode 0600, with one key of each use. Throws AppError `config_invalid` when the file exists: keys
 * that are overwritten take every stored card with them.
 */
export async function createKeyFile(
  path: string,
  created: string,
  seal: RootSeal = plainSeal,
): Promise<void> {
  const fresh = { state: 'active', created, changed: created } as const;
  const document = {
    seal: seal.name,
    keys: [
      await newRoot(seal, { id: 'k1', use: 'seal', ...fresh }),
      await newRoot(seal, { id: 'm1', use: 'mac', ...fresh }),
    ],
  };
  const bytes = formatKeyDocument(document);
  try {
    await createPrivate(fileAt(path), bytes);
  } finally {
    bytes.fill(0);
    wipeDocument(document);
  }
}

/**
 * Reads a key file without a key ever becoming a string. Keys that are `known` are taken from there, so that no
 * service is asked for them again. Throws AppError `config_invalid` when the file can't be read, others may read it,
 * it is sealed in another way, or a key is not the one its check value was made for.
 */
export async function readKeyFile(
  path: string,
  seal: RootSeal,
  known: readonly RootKey[] = [],
): Promise<readonly RootKey[]> {
  const document = await readKeyDocument(path);
  try {
    checkSeal(path, document, seal);
    const keys: RootKey[] = [];
    for (const key of document.keys) {
      const held = known.find(({ id, check, root }) => id === key.id && check === key.check && root !== null);
      const usable = key.state === 'active' || key.state === 'decrypt-only';
      const { secret: _, ...shown } = key;
      keys.push(held !== undefined && usable ? { ...shown, root: held.root } : await openRoot(seal, key));
    }
    return keys;
  } finally {
    wipeDocument(document);
  }
}

/** What a key file holds, its secrets still sealed. The caller wipes them. */
export async function readKeyDocument(path: string): Promise<KeyDocument> {
  const file = fileAt(path);
  const bytes = await readPrivate(file);
  try {
    return parsed(file, bytes);
  } finally {
    bytes.fill(0);
  }
}

/** Changes a key file in one step, durably. Throws AppError `config_invalid` when another change is under way. */
export async function changeKeyFile(path: string, change: DocumentChange): Promise<void> {
  const file = fileAt(path);
  let text: Buffer | null = null;
  try {
    await changePrivate(file, async (old) => {
      const before = parsed(file, old);
      let after: KeyDocument | null = null;
      try {
        after = await change(before);
        text = formatKeyDocument(after);
        return text;
      } finally {
        wipeDocument(before);
        if (after !== null) wipeDocument(after);
      }
    });
  } finally {
    (text as Buffer | null)?.fill(0);
  }
}

/** Throws AppError `config_invalid` when the file is sealed in another way than the settings say. */
export function checkSeal(path: string, document: KeyDocument, seal: RootSeal): void {
  if (document.seal === seal.name) return;
  throw refused(
    fileAt(path),
    `is sealed as ${document.seal}, and VAULT_KEY_SEAL says ${seal.name}: set the one that is right, or change the seal with: npx tonewall keys reseal`,
  );
}

/** A key without its secret, for good. */
export function shredded(key: StoredKey): StoredKey {
  return { ...key, secret: new Secret() };
}

function parsed(file: PrivateFile, bytes: Buffer): KeyDocument {
  const document = parseKeyDocument(bytes);
  if (typeof document === 'string') throw refused(file, document);
  return document;
}

function fileAt(path: string): PrivateFile {
  return { path, setting: 'VAULT_KEY_FILE', missing: `npx tonewall keys create ${path}` };
}
