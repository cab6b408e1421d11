import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, codeOf } from '../errors.js';
import { isAlive, startTime } from './process.js';

export interface DataDirLock {
  release(): Promise<void>;
}

/** `service-PID-START.lock`: the pid, and when that process started, so that a reused pid is no obstacle. */
const CLAIM = /^service-(?<pid>\d+)-(?<start>\w*)\.lock$/;

/**
 * Takes a data folder for this process, made when it is missing. Every process puts its claim down first and looks
 * round then: of two that come at once none, or one, goes on. Claims of processes that have ended are removed.
 * Holds within one machine and pid namespace. Throws `inUse` with the other's pid: AppError `config_invalid`.
 */
export async function lockDataDir(dir: string, inUse = dataDirInUse): Promise<DataDirLock> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const own = `service-${process.pid}-${await startMark(process.pid)}.lock`;
  try {
    await writeFile(join(dir, own), '', { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw inUse(process.pid);
    throw error;
  }
  const release = (): Promise<void> => rm(join(dir, own), { force: true });
  for (const name of await readdir(dir)) {
    const claim = CLAIM.exec(name)?.groups;
    if (claim === undefined || name === own) continue;
    const pid = Number(claim['pid']);
    if (isAlive(pid) && (await startMark(pid)) === claim['start']) {
      await release();
      throw inUse(pid);
    }
    await rm(join(dir, name), { force: true });
  }
  return { release };
}

async function startMark(pid: number): Promise<string> {
  return (await startTime(pid)).replaceAll(/\W/g, '');
}

function dataDirInUse(pid: number): AppError {
  return new AppError(
    'config_invalid',
    `DATA_DIR is in use by process ${pid}: stop it, or set another DATA_DIR`,
  );
}
