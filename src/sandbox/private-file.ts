import { readFile, writeFile } from 'node:fs/promises';
import { codeOf } from '../errors.js';

/** Null when there is no such file. */
export async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** For nobody else's eyes on this machine. */
export async function writePrivate(path: string, text: string): Promise<void> {
  await writeFile(path, `${text}\n`, { mode: 0o600 });
}
