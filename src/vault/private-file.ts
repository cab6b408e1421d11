import { chown, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError, codeOf } from '../errors.js';

/** The setting that names a file: every refusal begins with it. `missing` says what to do when there is none. */
export interface PrivateFile {
  path: string;
  setting: string;
  missing: string;
}

/** Largest private file: a key file of some hundred keys. */
export const MAX_PRIVATE_BYTES = 65_536;

/**
 * Reads a file that only its owner may read into off-heap bytes, which the caller zeroes. Throws AppError
 * `config_invalid` when it can't be read, is too large, or others may read it.
 */
export async function readPrivate(named: PrivateFile): Promise<Buffer> {
  const file = await openPrivate(named, 'r');
  try {
    const { mode, size } = await file.stat();
    if ((mode & 0o077) !== 0) throw refused(named, `can be read by others: chmod 600 ${named.path}`);
    if (size > MAX_PRIVATE_BYTES) throw refused(named, 'is larger than 64 KiB');
    const bytes = Buffer.from(new ArrayBuffer(MAX_PRIVATE_BYTES));
    const { bytesRead } = await file.read(bytes, 0, size, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Makes a file, mode 0600, durably. Throws AppError `config_invalid` when there is one. */
export async function createPrivate(named: PrivateFile, bytes: Uint8Array): Promise<void> {
  await write(await openPrivate(named, 'wx'), bytes);
  await syncFolder(named.path);
}

/**
 * Puts new content in a file's place, at once and durably: readers see the old or the new. `change` makes it from the
 * old one. The old bytes are then overwritten, as far as the file system lets that reach the disk. One change at a
 * time: the file beside it is the lock. Throws AppError `config_invalid` when another change is under way.
 */
export async function changePrivate(
  named: PrivateFile,
  change: (old: Buffer) => Promise<Uint8Array>,
): Promise<void> {
  const path = `${named.path}.new`;
  const next = await openPrivate({ ...named, path }, 'wx');
  try {
    const old = await readPrivate(named);
    try {
      await write(next, await change(old));
      const before = await openPrivate(named, 'r+');
      await keepOwner(before, path);
      await rename(path, named.path);
      await syncFolder(named.path);
      await write(before, new Uint8Array(new ArrayBuffer(Math.max(old.length, 128)), 0, old.length));
    } finally {
      old.fill(0);
    }
  } finally {
    await next.close().catch(() => {});
    await rm(path, { force: true });
  }
}

export function refused({ setting }: PrivateFile, what: string): AppError {
  return new AppError('config_invalid', `${setting} ${what}`);
}

async function write(file: FileHandle, bytes: Uint8Array): Promise<void> {
  try {
    await file.write(bytes, 0, bytes.length, 0);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function openPrivate(named: PrivateFile, flags: 'r' | 'r+' | 'wx'): Promise<FileHandle> {
  try {
    return await open(named.path, flags, 0o600);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST' && named.path.endsWith('.new'))
      throw refused(
        named,
        `is being changed by another command, or one was cut off: then remove ${named.path}`,
      );
    if (code === 'EEXIST') throw refused(named, 'exists already: it is never overwritten');
    if (code === 'ENOENT' && flags === 'r') throw refused(named, `is missing: ${named.missing}`);
    throw refused(named, `can not be opened (${code})`);
  }
}

/** An administrator's change leaves the file to the service that reads it. */
async function keepOwner(before: FileHandle, path: string): Promise<void> {
  const { uid, gid } = await before.stat();
  const made = await stat(path);
  if (made.uid !== uid || made.gid !== gid) await chown(path, uid, gid);
}

/** A rename is durable once its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
