import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { RateLimiter, type Place } from '../../src/redis/rate-limiter.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import { ManualClock } from '../support/manual-clock.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';

const HOUR = 3_600_000;
const A: Place = { key: 'a', most: 2, seconds: 3_600 };
const B: Place = { key: 'b', most: 1, seconds: 3_600 };

let server: TestRedis;
let redis: RedisClient;
let clock: ManualClock;
let limiter: RateLimiter;
beforeAll(async () => {
  server = await startTestRedis();
  redis = await server.client({ commandTimeoutMs: 300 });
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.admin.flushall();
  clock = new ManualClock();
  limiter = new RateLimiter(redis, clock);
});

const counts = async () => [await server.admin.get('tw:limit:a'), await server.admin.get('tw:limit:b')];
/** Whether there was room. */
const took = async (...places: Place[]) => (await limiter.take(places)).full === null;

describe('a window', () => {
  it('has room for so many, and says for how long it is full', async () => {
    expect([await took(A), await took(A)]).toEqual([true, true]);
    const { full, wait } = { wait: 0, ...(await limiter.take([A])) };
    expect(full).toBe(A);
    expect(wait).toBeGreaterThan(HOUR - 10_000);
    expect(wait).toBeLessThanOrEqual(HOUR);
  });

  it('begins with the first that is counted, and is not made longer by any later', async () => {
    await took(A);
    await server.admin.pexpire('tw:limit:a', 50);
    await took(A);
    await took(A);
    await sleep(60);
    expect([await took(A), await took(A), await took(A)]).toEqual([true, true, false]);
    expect(await server.admin.pttl('tw:limit:a')).toBeGreaterThan(HOUR - 10_000);
  });

  it('has room for exactly so many of a crowd', async () => {
    const crowd = await Promise.all(Array.from({ length: 200 }, () => took({ ...A, most: 20 })));
    expect(crowd.filter(Boolean).length).toBe(20);
    expect(await counts()).toEqual(['20', null]);
  });

  it('that is full counts nothing anywhere', async () => {
    await took(A, B);
    expect(await took(A, B)).toBe(false);
    expect(await counts()).toEqual(['1', '1']);
  });

  it('counts more where there is no room, when that is wanted', async () => {
    for (let n = 0; n < 3; n++) await limiter.add(B);
    expect(await counts()).toEqual([null, '3']);
    expect(await took(B)).toBe(false);
  });

  it('heeds a limit that has changed since it began', async () => {
    await took(A);
    expect(await took({ ...A, most: 1 })).toBe(false);
    expect(await took({ ...A, most: 9 })).toBe(true);
  });

  it('outlives the scripts of Redis', async () => {
    await took(A);
    await server.admin.script('FLUSH');
    expect(await took(A)).toBe(true);
  });
});

describe('a look', () => {
  it('says for how long there is no room, and counts nothing', async () => {
    expect(await limiter.wait(B)).toBe(0);
    expect(await counts()).toEqual([null, null]);
    await took(B);
    expect(await limiter.wait(B)).toBeGreaterThan(HOUR - 10_000);
    expect(await limiter.wait({ ...B, most: 2 })).toBe(0);
    expect(await counts()).toEqual([null, '1']);
  });
});

describe('what is given back', () => {
  it('makes room again', async () => {
    const first = await limiter.take([A, B]);
    expect(await took(B)).toBe(false);
    await first.giveBack?.();
    expect(await took(B)).toBe(true);
  });

  it('makes room for no more than that, however many were refused in between', async () => {
    const first = await limiter.take([B]);
    for (let n = 0; n < 5; n++) await took(B);
    await first.giveBack?.();
    expect([await took(B), await took(B)]).toEqual([true, false]);
  });

  it('stays counted when its window may be over: the next one has room for no more', async () => {
    const late = await limiter.take([B]);
    clock.advance(HOUR - 1_000);
    await server.admin.del('tw:limit:b');
    await late.giveBack?.();
    expect(await counts()).toEqual([null, null]);
    expect([await took(B), await took(B)]).toEqual([true, false]);
  });
});

describe('without Redis', () => {
  const away = { code: 'redis_unavailable', message: 'Redis does not answer; try again' };

  it('nothing is counted and nothing passes', async () => {
    const closed = await server.client();
    await closed.close();
    const lost = new RateLimiter(closed, clock);
    await expect(lost.take([A])).rejects.toMatchObject(away);
    await expect(lost.wait(A)).rejects.toMatchObject(away);
    await expect(lost.add(A)).rejects.toMatchObject(away);
  });

  it('nobody waits for long: one that is silent is away', async () => {
    server.pause();
    try {
      await expect(limiter.take([A])).rejects.toMatchObject(away);
    } finally {
      server.resume();
    }
  });
});
