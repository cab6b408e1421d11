import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { segmentsOf } from '../audit/segment.js';
import { AppError, codeOf } from '../errors.js';

/** The folders under `dir`, or itself, that hold a chain. Rejects with AppError `bad_request` when none does. */
export async function chainFolders(dir: string): Promise<string[]> {
  try {
    const names = (await readdir(dir, { withFileTypes: true })).filter((entry) => entry.isDirectory());
    const folders = [dir, ...names.map(({ name }) => join(dir, name)).toSorted()];
    const held = await Promise.all(folders.map(async (folder) => (await segmentsOf(folder)).length > 0));
    const found = folders.filter((_, at) => held[at]);
    if (found.length > 0) return found;
  } catch (error) {
    throw new AppError('bad_request', `${dir} can not be read (${codeOf(error)})`);
  }
  throw new AppError('bad_request', `${dir} holds no audit chain: is DATA_DIR that of the service?`);
}
