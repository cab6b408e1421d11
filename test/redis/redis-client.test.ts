import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RedisClient } from '../../src/redis/redis-client.js';
import { startTestRedis, untilReady, type TestRedis } from '../support/redis.js';

let server: TestRedis;
let redis: RedisClient;

beforeAll(async () => {
  server = await startTestRedis();
  redis = await server.client({ commandTimeoutMs: 300 });
});
afterAll(() => server.stop());

describe('replies', () => {
  it('are strings, integers, arrays and null', async () => {
    expect(await redis.command('SET', 'tw:a', 'b')).toBe('OK');
    expect(await redis.command('GET', 'tw:a')).toBe('b');
    expect(await redis.command('GET', 'tw:none')).toBeNull();
    expect(await redis.command('HSET', 'tw:h', 'x', 1, 'y', 2)).toBe(2);
    expect(await redis.command('HGETALL', 'tw:h')).toEqual(['x', '1', 'y', '2']);
  });

  it('are buffers where asked for', async () => {
    const bytes = Buffer.from([0xff, 0x00, 0xfe]);
    await redis.command('SET', 'tw:bytes', bytes);
    expect(await redis.commandBuffer('GET', 'tw:bytes')).toEqual(bytes);
  });

  it('come from a script that Redis does not know yet', async () => {
    const script = { name: 'twice', lua: 'return tonumber(ARGV[1]) * 2' };
    expect(await redis.run(script, [], [21])).toBe(42);
    await server.admin.script('FLUSH');
    expect(await redis.run(script, ['tw:a'], [4])).toBe(8);
  });
});

describe('errors', () => {
  it('never carry a command, a key or an argument', async () => {
    await redis.command('SET', 'tw:text', 'x');
    const wrongType = await redis.command('LPUSH', 'tw:text', 'sesame').catch((error: unknown) => error);
    expect(wrongType).toMatchObject({ code: 'internal', message: 'Redis refused LPUSH: WRONGTYPE' });
    const inScript = await redis
      .run({ name: 'broken', lua: 'return redis.call("LPUSH", KEYS[1], ARGV[1])' }, ['tw:text'], ['sesame'])
      .catch((error: unknown) => error);
    expect(inScript).toMatchObject({ code: 'internal', message: 'Redis refused broken: WRONGTYPE' });
    for (const error of [wrongType, inScript]) {
      expect(Object.keys(error as object).toSorted()).toEqual(['code', 'errors', 'name', 'retryAfter']);
    }
  });

  it('name what the user of the service may not do', async () => {
    await expect(redis.command('CONFIG', 'SET', 'appendfsync', 'no')).rejects.toMatchObject({
      message: 'Redis refused CONFIG: NOPERM',
    });
    await expect(redis.command('GET', 'other:key')).rejects.toMatchObject({
      message: 'Redis refused GET: NOPERM',
    });
    await server.admin.acl('LOG', 'RESET');
  });
});

describe('a Redis that', () => {
  it('stops answering fails commands in time, then at once, and is found again', async () => {
    server.pause();
    await expect(redis.command('GET', 'tw:a')).rejects.toMatchObject({ code: 'redis_unavailable' });
    expect(redis.ready).toBe(false);
    await expect(redis.command('GET', 'tw:a')).rejects.toMatchObject({ code: 'redis_unavailable' });
    server.resume();
    await untilReady(redis);
    expect(await redis.command('GET', 'tw:a')).toBe('b');
  });

  it('is killed under load leaves no command unsettled', async () => {
    for (let round = 0; round < 3; round++) {
      const commands = Array.from({ length: 200 }, (_, i) => redis.command('SET', `tw:load:${i}`, i));
      server.kill();
      const settled = await Promise.allSettled(commands);
      for (const result of settled) {
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'redis_unavailable' });
      }
      await untilReady(redis, false);
      await untilReady(redis);
    }
    expect(await redis.command('GET', 'tw:a')).toBe('b');
  });

  it('is not there fails commands at once', async () => {
    const lost = await server.client();
    await lost.close();
    await expect(lost.command('PING')).rejects.toMatchObject({ code: 'redis_unavailable' });
  });
});
