import { readdir, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { codeOf } from '../errors.js';

/** A file of a folder, by its path within it; or what could not be looked into, and why. */
export type FolderEntry = { readonly name: string; readonly reason: string | null };

/**
 * Every file of a folder and of those within, in the order of their names. Symbolic links are not followed: what one
 * leads to within the folder is met there anyway, and one that leads out is told. Sockets, pipes and devices are none.
 */
export async function* filesIn(root: string, folder = ''): AsyncGenerator<FolderEntry> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(codeOf);
  if (typeof entries === 'string') {
    yield { name: folder, reason: `can't be opened (${entries})` };
    return;
  }
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesIn(root, name);
    else if (entry.isFile()) yield { name, reason: null };
    else if (entry.isSymbolicLink() && !(await leadsWithin(root, name))) {
      yield { name, reason: 'is a symbolic link that leads out of the folder: links are not followed' };
    }
  }
}

async function leadsWithin(root: string, name: string): Promise<boolean> {
  const [from, to] = await Promise.all([realpath(root), realpath(join(root, name)).catch(() => '')]);
  return isWithin(to, from);
}

/** Whether a path is a folder's own or lies in it; both are real paths. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
