import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { lockDataDir } from '../../src/redis/data-dir-lock.js';
import { startTime } from '../../src/redis/process.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tw-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const refusal = (pid: number | undefined) => ({
  code: 'config_invalid',
  message: `DATA_DIR is in use by process ${pid}: stop it, or set another DATA_DIR`,
});

it('is held until it is released', async () => {
  const made = join(dir, 'made');
  const lock = await lockDataDir(made);
  await expect(lockDataDir(made)).rejects.toMatchObject(refusal(process.pid));
  await lock.release();
  await (await lockDataDir(made)).release();
  expect(await readdir(made)).toEqual([]);
});

it('is refused while another process holds it, and taken over when that has ended', async () => {
  const other = spawn('sleep', ['60']);
  await once(other, 'spawn');
  const claim = `service-${other.pid}-${await startTime(other.pid ?? 0)}.lock`;
  await writeFile(join(dir, claim), '');
  await expect(lockDataDir(dir)).rejects.toMatchObject(refusal(other.pid));
  expect(await readdir(dir)).toEqual([claim]);

  other.kill('SIGKILL');
  await once(other, 'exit');
  await lockDataDir(dir);
  expect(await readdir(dir)).toEqual([expect.stringContaining(`service-${process.pid}-`)]);
});

it('is not held by a process that only has the same number', async () => {
  await writeFile(join(dir, `service-${process.pid}-1.lock`), '');
  await lockDataDir(dir);
  expect(await readdir(dir)).toHaveLength(1);
});
