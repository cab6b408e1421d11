import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { backup } from '../../src/cli/backup.js';
import type { Command } from '../../src/cli/command.js';
import { restore } from '../../src/cli/restore.js';
import { systemClock } from '../../src/clock.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import { startPrivateRedis } from '../../src/redis/private-redis.js';
import { parseRedisUrl } from '../../src/redis/redis-address.js';
import { RedisClient } from '../../src/redis/redis-client.js';
import { findRedisServer } from '../../src/redis/redis-server.js';
import { CardVault } from '../../src/vault/card-vault.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import { pinKeys } from '../../src/vault/key-pins.js';
import type { KeyProvider } from '../../src/vault/key-provider.js';
import { RedisTokenStore } from '../../src/vault/redis-token-store.js';
import type { TokenView } from '../../src/vault/vault.js';
import { cardRequest } from '../support/card-request.js';
import { openKeys } from '../support/keys.js';
import { startTestRedis, untilReady, type TestRedis } from '../support/redis.js';

const shared = { clock: systemClock, log: silentLogger, metrics: createMetrics() };

let dir: string;
let server: TestRedis;
let keys: KeyProvider;
let vault: CardVault;
/** Given out before the backup; those that were given out while it was made. */
let kept: TokenView[];
let shredded: TokenView;
let wrapped: Buffer;
let first: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tw-'));
  for (const folder of ['keys', 'backups']) await mkdir(join(dir, folder));
  await createKeyFile(join(dir, 'keys/vault.json'), '2026-11-21T00:00:00.000Z');
  keys = await openKeys(join(dir, 'keys/vault.json'));
  server = await startTestRedis();
  const redis = await server.client();
  await pinKeys(redis, keys.checks, silentLogger);
  vault = vaultOn(redis);
  kept = [];
  for (let bucket = 0; bucket < 20; bucket++) kept.push(await vault.tokenize(cardRequest(bucket)));
  shredded = await vault.tokenize(cardRequest(0x77));
  const [row = ''] = await server.admin.keys('tw:v:{shop.77}:s:*');
  wrapped = (await server.admin.hgetBuffer(row, 'w')) ?? Buffer.of();
  await vault.destroy('shop', shredded.token);

  first = join(dir, 'backups/first');
  const done = new AbortController();
  const made = run(backup, [first, '--redis-dir', server.dir]).finally(() => done.abort());
  while (!done.signal.aborted) await vault.tokenize(cardRequest(0x88));
  expect(await made).toEqual({
    code: 0,
    error: '',
    output: expect.stringMatching(
      /^\S+ is made, and was loaded once: \d+ sealed cards\.\nKeys are not in it/,
    ),
  });
}, 30_000);
afterAll(async () => {
  if (await stat(server.dir).catch(() => null)) await server.stop();
  await rm(dir, { recursive: true, force: true });
});

function vaultOn(redis: RedisClient): CardVault {
  return new CardVault({ keys, store: new RedisTokenStore({ redis, ...shared }), ttlDays: 15, ...shared });
}

async function run(command: Command, args: string[], env: Record<string, string> = {}) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const settings = { PATH: process.env['PATH'], VAULT_KEY_FILE: join(dir, 'keys/vault.json'), ...env };
  const ended = command
    .run(args, { stdin: process.stdin, stdout, stderr, env: settings })
    .finally(() => [stdout, stderr].map((stream) => stream.end()));
  const [code, output, error] = await Promise.all([ended, text(stdout), text(stderr)]);
  return { code, output, error };
}

/** A copy of the first backup, to be spoilt. */
async function copyOf(name: string): Promise<string> {
  const copy = join(dir, 'backups', name);
  await cp(first, copy, { recursive: true });
  return copy;
}

const base = async (folder: string): Promise<string> => {
  const names = await readdir(join(folder, 'appendonlydir'));
  return join(folder, 'appendonlydir', names.find((name) => name.endsWith('.base.rdb')) ?? '');
};

async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

const refused = (promise: Promise<unknown>, message: RegExp) =>
  expect(promise).rejects.toMatchObject({ code: 'config_invalid', message: expect.stringMatching(message) });

describe('a backup', () => {
  it('has no key, and nothing that opens what was shredded before', async () => {
    expect((await readdir(first)).toSorted()).toEqual(['appendonlydir', 'manifest.json']);
    expect((await stat(first)).mode & 0o777).toBe(0o700);
    const files = await readdir(first, { recursive: true, withFileTypes: true });
    const bytes = await Promise.all(
      files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name))),
    );
    const all = Buffer.concat(bytes);
    const aof = await readdir(join(server.dir, 'appendonlydir'));
    const live = await Promise.all(aof.map((name) => readFile(join(server.dir, 'appendonlydir', name))));
    expect(wrapped).toHaveLength(60);
    expect(Buffer.concat(live).includes(wrapped)).toBe(true);
    expect(all.includes(wrapped)).toBe(false);
    expect(JSON.parse((await readFile(join(first, 'manifest.json'))).toString())).toMatchObject({
      cards: { k1: expect.any(Number) },
      keys: keys.checks,
    });
  });

  it('is refused beside the keys, under the data of Redis, over another one, and without data', async () => {
    await refused(run(backup, [join(dir, 'keys/b'), '--redis-dir', server.dir]), /^VAULT_KEY_FILE lies in/);
    await refused(run(backup, [join(server.dir, 'b'), '--redis-dir', server.dir]), /lies in the data folder/);
    await refused(run(backup, [first, '--redis-dir', server.dir]), /exists already/);
    await refused(
      run(backup, [join(dir, 'backups/none'), '--redis-dir', join(dir, 'keys')]),
      /no append-only files/,
    );
    await refused(run(backup, ['/nowhere/b', '--redis-dir', server.dir]), /^\/nowhere can not be used/);
    expect(await readdir(join(dir, 'backups'))).toEqual(['first']);
    expect(await run(backup, [])).toMatchObject({ code: 2, error: expect.stringMatching(/^usage/) });
  });

  it('of a torn file has what was whole', async () => {
    const torn = join(dir, 'torn');
    await cp(join(server.dir, 'appendonlydir'), join(torn, 'appendonlydir'), { recursive: true });
    const names = await readdir(join(torn, 'appendonlydir'));
    const last = join(torn, 'appendonlydir', names.find((name) => name.endsWith('.incr.aof')) ?? '');
    await truncate(last, (await stat(last)).size - 7);
    const made = await run(backup, [join(dir, 'backups/torn'), '--redis-dir', torn]);
    expect(made.output).toMatch(/was loaded once: \d\d+ sealed cards/);
    await rm(join(dir, 'backups/torn'), { recursive: true });
  });
});

describe('the drill', () => {
  it('tries a backup without touching anything', async () => {
    const env = { DATA_DIR: join(dir, 'elsewhere') };
    const { code, output } = await run(restore, [first, '--dry-run'], env);
    expect({ code, output }).toEqual({
      code: 0,
      output: expect.stringMatching(
        /^backup of .+\n\nkey +cards\nk1 +\d+\n\nIt can be restored\. Nothing was changed\.\n$/,
      ),
    });
    expect(await readdir(env.DATA_DIR)).toEqual([]);
  });

  it('names the file that is not what it was', async () => {
    const rotten = await copyOf('rotten');
    const file = await base(rotten);
    await flip(file, 200);
    await refused(
      run(restore, [rotten, '--dry-run']),
      /base\.rdb is not what was backed up: its hash differs$/,
    );
    await truncate(file, 100);
    await refused(run(restore, [rotten, '--dry-run']), /base\.rdb has 100 bytes instead of \d+$/);
    await rm(file);
    await refused(run(restore, [rotten, '--dry-run']), /base\.rdb is missing$/);
    await writeFile(join(rotten, 'manifest.json'), '{}');
    await refused(run(restore, [rotten, '--dry-run']), /manifest\.json is missing or damaged/);
    await rm(rotten, { recursive: true });
  });

  it('refuses keys that open none of it', async () => {
    const other = join(dir, 'keys/other.json');
    await createKeyFile(other, '2026-11-21T00:00:00.000Z');
    await refused(
      run(restore, [first, '--dry-run'], { VAULT_KEY_FILE: other }),
      /key \w+ is another one than in this backup$/,
    );
  });

  it('puts it back where all was lost: every token reads, and a shredded card stays dead', async () => {
    await server.stop();
    await expect(stat(server.dir)).rejects.toMatchObject({ code: 'ENOENT' });

    const target = join(dir, 'data/redis');
    const env = { DATA_DIR: join(dir, 'data') };
    expect(await run(restore, [first], env)).toMatchObject({
      code: 0,
      output: expect.stringContaining('holds the backup of'),
    });
    await refused(run(restore, [first], env), /holds data: stop Redis, and move it away first$/);

    const found = findRedisServer({ path: process.env['PATH'] ?? '', root: process.cwd() });
    const started = await startPrivateRedis({ dir: target, server: found, log: silentLogger });
    const redis = new RedisClient({ address: parseRedisUrl(started.url), ...shared });
    try {
      await untilReady(redis);
      await pinKeys(redis, keys.checks, silentLogger);
      const restored = vaultOn(redis);
      for (const view of kept) expect(await restored.token('shop', view.token)).toEqual(view);
      expect(await restored.token('shop', shredded.token)).toBeNull();
      const again = await restored.tokenize(cardRequest(0x99));
      expect(await restored.token('shop', again.token)).toEqual(again);
    } finally {
      await redis.close();
      await started.stop();
    }
  }, 30_000);
});
