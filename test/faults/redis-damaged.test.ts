import { execFileSync } from 'node:child_process';
import { appendFile, cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/clock.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import { startPrivateRedis } from '../../src/redis/private-redis.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import { findRedisServer } from '../../src/redis/redis-server.js';
import { CardVault } from '../../src/vault/card-vault.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import { RedisTokenStore } from '../../src/vault/redis-token-store.js';
import type { TokenView } from '../../src/vault/vault.js';
import { cardRequest } from '../support/card-request.js';
import { openKeys } from '../support/keys.js';
import { readOnlyDisk } from '../support/read-only-disk.js';
import { startTestRedis, untilReady, type TestRedis, type TestRedisOptions } from '../support/redis.js';
import { until } from '../support/service.js';

const AOF = 'appendonlydir';
const shared = { clock: systemClock, log: silentLogger, metrics: createMetrics() };
const onLinux = process.platform === 'linux' ? it : it.skip;
const away = { code: 'vault_unavailable' };
/** Longer than it takes to start Redis again. */
const PATIENCE_MS = 1_000;

let dir: string;
let server: TestRedis;
let redis: RedisClient;
let vault: CardVault;
/** Milliseconds that have gone by for the vault alone. */
let elapsed: number;
beforeEach(() => begin());
afterEach(end);

async function begin(options: TestRedisOptions = {}): Promise<void> {
  dir = await mkdtemp(join(tmpdir(), 'tw-'));
  await createKeyFile(join(dir, 'keys.json'), '2026-11-21T00:00:00.000Z');
  const keys = await openKeys(join(dir, 'keys.json'));
  server = await startTestRedis(options);
  redis = await server.client({ commandTimeoutMs: 500 });
  elapsed = 0;
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + elapsed };
  const store = new RedisTokenStore({ redis, ...shared, clock, patienceMs: PATIENCE_MS });
  vault = new CardVault({ keys, store, ttlDays: 15, ...shared, clock });
  // The servers that answer now are the ones that it knows.
  expect(await store.unsettled({ merchant: 'shop', bucket: 0, index: Buffer.alloc(16) })).toBe(false);
}

async function end(): Promise<void> {
  await server.stop();
  await rm(dir, { recursive: true, force: true });
}

const seal = (bucket: number): Promise<TokenView> => vault.tokenize(cardRequest(bucket));
const read = ({ token }: TokenView) => vault.token('shop', token);
const rows = () => server.admin.keys('tw:v:*:s:*');

/** Kills Redis, changes its files before it is started again, and waits until it answers. */
async function restart(change: () => Promise<void>): Promise<void> {
  const gone = untilReady(redis, false);
  server.kill();
  await change();
  await gone;
  await untilReady(redis);
}

/** The file that Redis appends to now. */
async function increment(): Promise<string> {
  const names = await readdir(join(server.dir, AOF));
  return join(server.dir, AOF, names.filter((name) => name.endsWith('.incr.aof')).at(-1) ?? '');
}

async function flipIn(file: string, value: Buffer): Promise<void> {
  const bytes = await readFile(file);
  const at = bytes.indexOf(value);
  expect(at).toBeGreaterThan(0);
  bytes[at + 20] = (bytes[at + 20] ?? 0) ^ 1;
  await writeFile(file, bytes);
}

async function wrappedKey(bucket: string): Promise<Buffer> {
  const [row = ''] = await server.admin.keys(`tw:v:{shop.${bucket}}:s:*`);
  return (await server.admin.hgetBuffer(row, 'w')) ?? Buffer.of();
}

describe('a Redis that comes back', () => {
  it('A34: empty: its tokens are unsettled for a minute, then unknown; cards are taken at once', async () => {
    const lost = await seal(1);
    await restart(() => rm(join(server.dir, AOF), { recursive: true }));
    await expect(read(lost)).rejects.toMatchObject({ code: 'unsettled', retryAfter: 5 });
    await expect(vault.destroy('shop', lost.token)).rejects.toMatchObject({ code: 'unsettled' });
    const taken = await seal(2);
    expect(await read(taken)).toEqual(taken);
    elapsed = 60_000;
    expect(await read(lost)).toBeNull();
    expect(await vault.destroy('shop', lost.token)).toBe(false);
  });

  it('A34: older: what it knows it gives, what it lacks is unsettled', async () => {
    const known = await seal(1);
    const deleted = await seal(2);
    await vault.destroy('shop', deleted.token);
    await cp(join(server.dir, AOF), join(dir, 'older'), { recursive: true });
    const lost = await seal(3);
    await restart(async () => {
      await rm(join(server.dir, AOF), { recursive: true });
      await cp(join(dir, 'older'), join(server.dir, AOF), { recursive: true });
    });
    expect(await read(known)).toEqual(known);
    await expect(read(lost)).rejects.toMatchObject({ code: 'unsettled' });
    // Its card-free record says that it was there, and was deleted.
    expect(await read(deleted)).toBeNull();
    elapsed = 60_000;
    expect(await read(lost)).toBeNull();
  });

  it('A34: without the scripts (NOSCRIPT): they are sent again', async () => {
    await seal(1);
    await server.admin.script('FLUSH');
    const view = await seal(2);
    await server.admin.script('FLUSH');
    expect(await vault.destroy('shop', view.token)).toBe(true);
  });
});

describe('a Redis that refuses', () => {
  it('A34: for want of memory (OOM): no token, no row, and reads go on', async () => {
    const view = await seal(1);
    await server.admin.config('SET', 'maxmemory', '1');
    await expect(seal(2)).rejects.toMatchObject(away);
    expect(await read(view)).toEqual(view);
    await server.admin.config('SET', 'maxmemory', '0');
    await until(async () => (await rows()).length === 1);
    expect(await read(await seal(3))).not.toBeNull();
  }, 15_000);

  it('A34: because it is no longer the primary (READONLY): no token, and cards are taken again once it is', async () => {
    const view = await seal(1);
    await server.admin.replicaof('127.0.0.1', '1');
    const refused = seal(2);
    await untilReady(redis, false);
    await expect(refused).rejects.toMatchObject(away);
    await untilReady(redis);
    expect(await read(view)).toEqual(view);
    await server.admin.replicaof('NO', 'ONE');
    await until(async () => (await rows()).length === 1);
    expect(await read(await seal(3))).not.toBeNull();
  }, 15_000);

  it('A34: because a key of ours holds something else (WRONGTYPE): no token, no row, and no answer that is wrong', async () => {
    const view = await seal(1);
    const [sealed = ''] = await rows();
    const record = sealed.replace(':s:', ':r:');
    const kept = await server.admin.get(record);
    await server.admin.del(record);
    await server.admin.lpush(record, 'x');
    await expect(read(view)).rejects.toMatchObject(away);
    await server.admin.del(record);
    await server.admin.set(record, kept ?? '');
    expect(await read(view)).toEqual(view);
    await server.admin.del(sealed);
    await server.admin.set(sealed, 'x');
    await expect(read(view)).rejects.toMatchObject(away);
    await server.admin.set('tw:o:{shop.02}', 'x');
    await expect(seal(2)).rejects.toMatchObject(away);
    expect(await server.admin.keys('tw:v:{shop.02}:*')).toEqual([]);
  });
});

describe('the disk of Redis', () => {
  it('A36: that is full ends Redis, and no acknowledged token with it', async () => {
    const before = await seal(1);
    const pid = (await readFile(join(server.dir, 'redis.pid'), 'utf8')).trim();
    const { size } = await stat(await increment());
    // Further than this no file of that process grows: a few bytes of the next write fit.
    execFileSync('prlimit', ['--pid', pid, `--fsize=${size + 40}`]);
    const gone = untilReady(redis, false);
    const during = seal(2).catch((error: unknown) => error);
    await gone;
    await untilReady(redis);
    const outcome = await during;
    if (outcome instanceof Error) expect(outcome).toMatchObject(away);
    else expect(await read(outcome as TokenView)).toEqual(outcome);
    expect(await read(before)).toEqual(before);
    expect(await read(await seal(3))).not.toBeNull();
  }, 15_000);

  onLinux(
    'A36: that is read-only gives no token and loses none, and is written to again by itself',
    async () => {
      const redisDir = await mkdtemp(join(tmpdir(), 'tw-'));
      const disk = readOnlyDisk(redisDir);
      await end();
      await begin({ dir: redisDir, env: disk.env });
      const before = await seal(1);
      disk.set(true);
      const gone = untilReady(redis, false);
      await expect(seal(2)).rejects.toMatchObject(away);
      await gone;
      await expect(read(before)).rejects.toMatchObject(away);
      disk.set(false);
      await untilReady(redis);
      expect(await read(before)).toEqual(before);
      expect(await rows()).toHaveLength(1);
      expect(await read(await seal(3))).not.toBeNull();
    },
    20_000,
  );

  it('A36: that tore the last entry costs only what was never acknowledged', async () => {
    const views = [await seal(1), await seal(2)];
    await restart(async () => appendFile(await increment(), '*3\r\n$3\r\nSET\r\n$4\r\ntw:x\r\n$90'));
    for (const view of views) expect(await read(view)).toEqual(view);
  });

  it('A36: that changed a bit of a card in the AOF: that card does not open, and all others do', async () => {
    const [spoilt, whole] = [await seal(1), await seal(2)];
    const wrapped = await wrappedKey('01');
    await restart(async () => flipIn(await increment(), wrapped));
    await expect(read(spoilt)).rejects.toMatchObject(away);
    expect(await read(whole)).toEqual(whole);
  });

  it('A36: that changed a bit of a snapshot (RDB): Redis does not start, rather than serve it', async () => {
    await seal(1);
    const wrapped = await wrappedKey('01');
    await server.admin.bgrewriteaof();
    await until(async () => /aof_rewrite_in_progress:0/.test(await server.admin.info('persistence')));
    const copy = join(dir, 'copy');
    await cp(join(server.dir, AOF), join(copy, AOF), { recursive: true });
    const names = await readdir(join(copy, AOF));
    await flipIn(join(copy, AOF, names.find((name) => name.endsWith('.base.rdb')) ?? ''), wrapped);
    const found = findRedisServer({ path: process.env['PATH'] ?? '', root: process.cwd() });
    await expect(startPrivateRedis({ dir: copy, server: found, log: silentLogger })).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringMatching(/^the private Redis did not start/),
    });
  }, 15_000);
});
