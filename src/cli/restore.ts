import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readVaultKeys } from '../config.js';
import { AppError } from '../errors.js';
import { APPEND_ONLY_DIR, copyFiles, holdsData, sync } from '../redis/append-only.js';
import { lockDataDir } from '../redis/data-dir-lock.js';
import { readKeyDocument } from '../vault/key-file.js';
import { parsed } from './backup.js';
import { checkedManifest, type BackupManifest } from './backup-manifest.js';
import type { Command, CommandIo } from './command.js';
import { table } from './table.js';
import { tryRedis } from './trial-redis.js';

const USAGE = 'usage: npx tonewall restore DIR [--redis-dir PATH] [--dry-run]\n';

export const restore: Command = {
  name: 'restore',
  summary: 'puts a backup of Redis back, or tries whether it could',
  help: `
${USAGE}
  DIR                a folder that npx tonewall backup made
  --redis-dir PATH   the data folder of a Redis that does not run (default: redis under DATA_DIR, of a service that does
                     not run). It must hold no data: move away what is there
  --dry-run          tries everything, and puts nothing anywhere: the drill

Checks each file against its hash, the keys of VAULT_KEY_FILE against those that the cards need, and has a Redis of the
command's own load a copy. Only then the files go to their place.
Cards that were deleted after the backup was made are back: delete them again, as the audit trail names them.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage.

example: npx tonewall restore /mnt/backup/2026-11-21 --dry-run`,
  async run(args, io) {
    const asked = parsed(args, io.env);
    if (asked === null) {
      io.stderr.write(USAGE);
      return 2;
    }
    const { dir, redisDir, dataDir, dry } = asked;
    const manifest = await checkedManifest(dir);
    await checkKeys(manifest, io.env);
    if (!dry && (await holdsData(redisDir))) {
      throw new AppError('config_invalid', `${redisDir} holds data: stop Redis, and move it away first`);
    }
    await tried(dir, manifest, redisDir, io);
    if (dry) {
      io.stdout.write('It can be restored. Nothing was changed.\n');
      return 0;
    }
    const lock = dataDir === null ? null : await lockDataDir(dataDir);
    try {
      await putBack(dir, manifest, redisDir);
    } finally {
      await lock?.release();
    }
    io.stdout.write(`${redisDir} holds the backup of ${manifest.made}. Next: start Redis, or the service.\n`);
    return 0;
  },
};

/** Every key that a card needs is in the key file, and is the one that it was then. */
async function checkKeys({ cards, keys }: BackupManifest, env: CommandIo['env']): Promise<void> {
  const { file } = readVaultKeys(env);
  const { keys: held } = await readKeyDocument(file);
  for (const [id, check] of Object.entries(keys)) {
    const key = held.find((one) => one.id === id);
    if (key !== undefined && key.check !== check) {
      throw new AppError('config_invalid', `VAULT_KEY_FILE: key ${id} is another one than in this backup`);
    }
    if ((key === undefined || key.state === 'destroyed') && (cards[id] ?? 0) > 0) {
      throw new AppError(
        'config_invalid',
        `VAULT_KEY_FILE has no key ${id}, which seals ${cards[id]} of its cards`,
      );
    }
  }
}

/** A copy is loaded, and what is in it shown. */
async function tried(
  dir: string,
  { files, made }: BackupManifest,
  redisDir: string,
  io: CommandIo,
): Promise<void> {
  await mkdir(dirname(redisDir), { recursive: true, mode: 0o700 });
  const trial = await mkdtemp(`${redisDir}.trial-`);
  try {
    const names = files.map(({ name }) => name);
    await copyFiles(join(dir, APPEND_ONLY_DIR), names, join(trial, APPEND_ONLY_DIR));
    const { cards } = await tryRedis(trial, io, false);
    const rows = Object.entries(cards).map(([id, count]) => [id, String(count)]);
    io.stdout.write(`backup of ${made}\n\n${table(['key', 'cards'], rows)}\n`);
  } finally {
    await rm(trial, { recursive: true, force: true });
  }
}

async function putBack(dir: string, { files }: BackupManifest, redisDir: string): Promise<void> {
  await mkdir(redisDir, { recursive: true, mode: 0o700 });
  const [place, partial] = [join(redisDir, APPEND_ONLY_DIR), join(redisDir, `${APPEND_ONLY_DIR}.partial`)];
  await rm(partial, { recursive: true, force: true });
  const names = files.map(({ name }) => name);
  await copyFiles(join(dir, APPEND_ONLY_DIR), names, partial);
  await rename(partial, place);
  await sync(dirname(place));
}
