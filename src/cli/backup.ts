import { mkdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock, timestamp } from '../clock.js';
import { AppError, codeOf } from '../errors.js';
import { APPEND_ONLY_DIR, copyAppendOnly, sync } from '../redis/append-only.js';
import { writeManifest } from './backup-manifest.js';
import type { Command, CommandIo } from './command.js';
import { tryRedis } from './trial-redis.js';

const USAGE = 'usage: npx tonewall backup DIR [--redis-dir PATH]\n';

export const backup: Command = {
  name: 'backup',
  summary: 'copies what Redis holds, while calls go on',
  help: `
${USAGE}
  DIR                a folder that is made: never one that exists
  --redis-dir PATH   the data folder of Redis, on this machine (default: redis under DATA_DIR)

The append-only files are copied as they are; then a Redis of the command's own loads the copy, which shows that it
can be restored, and writes it anew without what was deleted. Everything that was acknowledged before the command began
is in it. It needs memory for what Redis holds, and stops nothing.

The keys are not in it, and must never lie beside it: back VAULT_KEY_FILE up apart, and what opens it apart from both.
A card that is deleted later is still in this backup. Let it expire with your retention.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage.

example: npx tonewall backup /mnt/backup/2026-11-21`,
  async run(args, io) {
    const asked = parsed(args, io.env);
    if (asked === null) {
      io.stderr.write(USAGE);
      return 2;
    }
    const { dir, redisDir } = asked;
    await checkPlace(dir, redisDir, io.env);
    const partial = `${dir}.partial`;
    await makeNew(dir, partial);
    try {
      const trial = join(partial, 'trial');
      await copyAppendOnly(redisDir, join(trial, APPEND_ONLY_DIR));
      const { cards, keys } = await tryRedis(trial, io, true);
      await rename(join(trial, APPEND_ONLY_DIR), join(partial, APPEND_ONLY_DIR));
      await rm(trial, { recursive: true });
      await writeManifest(partial, { made: timestamp(systemClock.now()), cards, keys });
      await sync(partial);
      await rename(partial, dir);
      await sync(dirname(dir));
      const count = Object.values(cards).reduce((sum, some) => sum + some, 0);
      io.stdout.write(`${dir} is made, and was loaded once: ${count} sealed cards.\n`);
      io.stdout.write(`Keys are not in it: back up VAULT_KEY_FILE apart from it.\n`);
      return 0;
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
  },
};

/** The folder of a backup, and that of Redis; null when the words are wrong. */
export function parsed(
  args: readonly string[],
  env: CommandIo['env'],
): { dir: string; redisDir: string; dataDir: string | null; dry: boolean } | null {
  try {
    const options = { 'redis-dir': { type: 'string' }, 'dry-run': { type: 'boolean' } } as const;
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options });
    const [dir, ...rest] = positionals;
    if (dir === undefined || rest.length > 0) return null;
    const named = values['redis-dir'];
    const dataDir = named === undefined ? resolve(env['DATA_DIR'] || './data') : null;
    const redisDir = dataDir === null ? resolve(named ?? '') : join(dataDir, 'redis');
    return { dir: resolve(dir), redisDir, dataDir, dry: values['dry-run'] ?? false };
  } catch {
    return null;
  }
}

/** Refuses a place beside the keys, which would go into the same archive, or under the data itself. */
async function checkPlace(dir: string, redisDir: string, env: CommandIo['env']): Promise<void> {
  const parent = await realpath(dirname(dir)).catch((error: unknown) => {
    throw new AppError('config_invalid', `${dirname(dir)} can not be used (${codeOf(error)}): make it first`);
  });
  const data = await realpath(redisDir).catch(() => redisDir);
  if (join(parent, basename(dir)).startsWith(data + sep)) {
    throw new AppError('config_invalid', `${dir} lies in the data folder of Redis: choose another volume`);
  }
  const keyFile = env['VAULT_KEY_FILE'];
  if (keyFile !== undefined && dirname(await realpath(keyFile).catch(() => resolve(keyFile))) === parent) {
    throw new AppError(
      'config_invalid',
      `VAULT_KEY_FILE lies in ${parent}: keys and cards are never kept in one place`,
    );
  }
}

async function makeNew(dir: string, partial: string): Promise<void> {
  if (await exists(dir))
    throw new AppError('config_invalid', `${dir} exists already: a backup is never changed`);
  if (await exists(partial)) {
    throw new AppError(
      'config_invalid',
      `${partial} exists: a backup is being made, or was cut off: then remove it`,
    );
  }
  await mkdir(partial, { mode: 0o700 });
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
