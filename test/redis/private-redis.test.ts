import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/clock.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import { checkDurability } from '../../src/redis/durability.js';
import { privateRedisUrlFile, startPrivateRedis } from '../../src/redis/private-redis.js';
import { isAlive } from '../../src/redis/process.js';
import { parseRedisUrl } from '../../src/redis/redis-address.js';
import { RedisClient } from '../../src/redis/redis-client.js';
import { findRedisServer } from '../../src/redis/redis-server.js';
import { untilReady } from '../support/redis.js';

const server = findRedisServer({
  configured: process.env['REDIS_SERVER'],
  path: process.env['PATH'] ?? '',
  root: process.cwd(),
});
const log = silentLogger;
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tw-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function connected(url: string): Promise<RedisClient> {
  const redis = new RedisClient({
    address: parseRedisUrl(url),
    clock: systemClock,
    log,
    metrics: createMetrics(),
  });
  await untilReady(redis);
  return redis;
}

describe('the private server', () => {
  it('passes the durability check, keeps its data over a restart and leaves no process', async () => {
    const first = await startPrivateRedis({ dir, server, log });
    const redis = await connected(first.url);
    await checkDurability(redis, { declared: false, log });
    await redis.command('SET', 'tw:kept', 'yes');
    await redis.close();
    await first.stop();
    expect(isAlive(first.pid)).toBe(false);

    const second = await startPrivateRedis({ dir, server, log });
    const again = await connected(second.url);
    expect(await again.command('GET', 'tw:kept')).toBe('yes');
    await again.close();
    await second.stop();
  });

  it('keeps its files to its owner', async () => {
    const redis = await startPrivateRedis({ dir, server, log });
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
    for (const file of ['password', 'redis.conf', 'url']) {
      expect((await stat(join(dir, file))).mode & 0o777).toBe(0o600);
    }
    expect(await readFile(privateRedisUrlFile(dir), 'utf8')).toBe(redis.url);
    await redis.stop();
    expect(await readdir(dir)).not.toContain('url');
  });

  it('admits nobody without the password', async () => {
    const redis = await startPrivateRedis({ dir, server, log });
    const path = parseRedisUrl(redis.url).path ?? '';
    const stranger = new RedisClient({
      address: parseRedisUrl(`unix://${path}`),
      clock: systemClock,
      log,
      metrics: createMetrics(),
    });
    await expect(stranger.command('PING')).rejects.toMatchObject({ code: 'redis_unavailable' });
    expect(stranger.ready).toBe(false);
    await stranger.close();
    await redis.stop();
  });

  it('uses a short temporary folder when the path is too long for a socket', async () => {
    const deep = join(dir, 'x'.repeat(60), 'y'.repeat(60));
    await mkdir(deep, { recursive: true });
    const redis = await startPrivateRedis({ dir: deep, server, log });
    const path = parseRedisUrl(redis.url).path ?? '';
    expect(path.length).toBeLessThanOrEqual(103);
    const client = await connected(redis.url);
    expect(await client.command('PING')).toBe('PONG');
    await client.close();
    await redis.stop();
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('stops the server that a killed service left behind', async () => {
    const killed = await startPrivateRedis({ dir, server, log });
    const { url } = killed;
    await killed.stop();
    const orphan = spawn(server.file, [join(dir, 'redis.conf')], {
      argv0: server.argv0,
      env: { ...server.env },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ended = once(orphan, 'exit');
    orphan.stdout.resume();
    await connected(url).then((redis) => redis.close());
    const redis = await startPrivateRedis({ dir, server, log });
    await ended;
    const client = await connected(redis.url);
    expect(await client.command('PING')).toBe('PONG');
    await client.close();
    await redis.stop();
  });

  it('that was just killed, and is being started again, is stopped all the same', async () => {
    const redis = await startPrivateRedis({ dir, server, log });
    const first = redis.pid;
    process.kill(first, 'SIGKILL');
    while (redis.pid === first) await new Promise(setImmediate);
    await redis.stop();
    expect(isAlive(redis.pid)).toBe(false);
    expect(redis.pid).not.toBe(first);
  });

  it('says what Redis said when it does not start', async () => {
    await expect(startPrivateRedis({ dir, server, log, conf: ['no-such-setting 1'] })).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringMatching(/^the private Redis did not start: /),
    });
  });
});

describe('looking for a server', () => {
  it('names the ways to install one when there is none', () => {
    expect(() => findRedisServer({ path: '', root: dir })).toThrow(/apt-get install redis-tools/);
  });

  it('takes no program that is not there', () => {
    expect(() => findRedisServer({ configured: '/none', path: '', root: dir })).toThrow(/REDIS_SERVER/);
  });
});
