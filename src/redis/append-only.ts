import { constants } from 'node:fs';
import { copyFile, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, codeOf } from '../errors.js';

/** Where Redis 7 keeps its append-only files under its data folder, unless told otherwise. */
export const APPEND_ONLY_DIR = 'appendonlydir';
const MANIFEST = 'appendonly.aof.manifest';
/** A line of the manifest: `b` is the base, `i` an increment; `h`, history, is about to be deleted. */
const ENTRY = /^file (?<name>[\w.-]+) seq \d+ type (?<type>[bih])$/gm;
/** A rewrite takes its turn seldom. */
const ATTEMPTS = 5;

/**
 * Copies the append-only folder of a data folder, while Redis runs or not. Files are only ever appended to, so that a
 * copy is what was there at some moment of the copying, perhaps with a torn last entry; a rewrite meanwhile shows in
 * the manifest, and then it is copied again. Throws AppError `config_invalid` when there is none.
 */
export async function copyAppendOnly(dataDir: string, target: string): Promise<void> {
  const source = join(dataDir, APPEND_ONLY_DIR);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = await manifestOf(source);
    const entries = Array.from(before.matchAll(ENTRY), ({ groups }) => groups ?? {});
    const names = entries.flatMap(({ name = '', type }) => (type === 'h' ? [] : [name]));
    await rm(target, { recursive: true, force: true });
    const copied = await copyFiles(source, [...names, MANIFEST], target).then(
      () => true,
      (error: unknown) => {
        if (codeOf(error) === 'ENOENT') return false;
        throw error;
      },
    );
    if (copied && (await manifestOf(source)) === before) return;
  }
  throw new AppError('config_invalid', `${source} changes all the time: try again when no rewrite runs`);
}

/** Copies files of one folder into another, mode 0700, durably. */
export async function copyFiles(source: string, names: readonly string[], target: string): Promise<void> {
  await mkdir(target, { recursive: true, mode: 0o700 });
  for (const name of names) {
    await copyFile(join(source, name), join(target, name), constants.COPYFILE_FICLONE);
    await sync(join(target, name));
  }
  await sync(target);
}

/** Whether a data folder holds what Redis would load. */
export async function holdsData(dataDir: string): Promise<boolean> {
  const names = await readdir(dataDir).catch(() => []);
  return names.some((name) => name === APPEND_ONLY_DIR || name.endsWith('.rdb') || name.endsWith('.aof'));
}

/** Makes a file or folder durable. */
export async function sync(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function manifestOf(source: string): Promise<string> {
  try {
    return await readFile(join(source, MANIFEST), 'utf8');
  } catch (error) {
    throw new AppError(
      'config_invalid',
      `${source} has no append-only files that can be read (${codeOf(error)}): name the data folder of Redis with --redis-dir`,
    );
  }
}
