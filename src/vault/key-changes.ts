import type { KeyDocument } from './key-document.js';
import { changeKeyFile, checkSeal, shredded } from './key-file.js';
import { activated, changed, nextId, preparedKey, type KeyChange } from './key-lifecycle.js';
import { newRoot, openRoot, resealed } from './root-key.js';
import type { RootSeal } from './root-seal.js';

/**
 * Makes a new version seal from now on: the one that was prepared, else a fresh one. With `prepare` the fresh one
 * waits, so that every node can get the file before any of them seals with it. Gives its id.
 */
export async function rotateKeys(
  path: string,
  seal: RootSeal,
  now: string,
  options: { prepare: boolean } = { prepare: false },
): Promise<string> {
  let id = '';
  await changeKeyFile(path, async (document) => {
    checkSeal(path, document, seal);
    const waiting = preparedKey(document.keys);
    id = waiting?.id ?? nextId(document.keys);
    let { keys } = document;
    if (waiting === null) {
      const fresh = { id, use: 'seal', state: 'decrypt-only', created: now, changed: now } as const;
      keys = [...keys, await newRoot(seal, fresh)];
    } else {
      // A key that can't be opened must not be the one that seals.
      await openRoot(seal, waiting);
    }
    return { ...document, keys: options.prepare ? keys : activated(keys, id, now) };
  });
  return id;
}

/** Changes the state of one version. Throws AppError `bad_request` when its state does not allow that. */
export async function changeKey(path: string, change: KeyChange, id: string, now: string): Promise<void> {
  await changeKeyFile(path, (document) => {
    const keys = changed(document.keys, change, id, now);
    return Promise.resolve({
      ...document,
      keys: keys.map((key) => (key.state === 'destroyed' && key.id === id ? shredded(key) : key)),
    });
  });
}

/** Puts the same keys under another seal. */
export async function resealKeys(path: string, from: RootSeal, to: RootSeal): Promise<void> {
  await changeKeyFile(path, async (document): Promise<KeyDocument> => {
    checkSeal(path, document, from);
    const keys = [];
    for (const key of document.keys) keys.push(await resealed(from, to, key));
    return { seal: to.name, keys };
  });
}
