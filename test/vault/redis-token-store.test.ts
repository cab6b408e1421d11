import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/clock.js';
import { AppError } from '../../src/errors.js';
import { silentLogger } from '../../src/log.js';
import { outboxKey, slotTag } from '../../src/redis/keys.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import { RedisTokenStore } from '../../src/vault/redis-token-store.js';
import { describeTokenStore } from '../contract/token-store.contract.js';
import { startTestRedis, untilReady, type TestRedis } from '../support/redis.js';
import { aTokenRow, NOW, RETENTION } from '../support/token-row.js';

let server: TestRedis;
let redis: RedisClient;
beforeAll(async () => {
  server = await startTestRedis();
  redis = await server.client({ commandTimeoutMs: 200 });
});
afterAll(() => server.stop());

const storeOn = (patienceMs = 4_000) =>
  new RedisTokenStore({ redis, clock: systemClock, log: silentLogger, patienceMs });

describeTokenStore('the Redis store', () =>
  Promise.resolve({
    store: storeOn(),
    events: (merchant, bucket) => server.admin.lrange(outboxKey(slotTag(merchant, bucket)), 0, -1),
    async written(key) {
      return { value: await server.admin.get(key), ttlSeconds: await server.admin.ttl(key) };
    },
  }),
);

const row = aTokenRow();
const place = (bucket: number) => ({ merchant: 'shop', bucket, index: Buffer.alloc(16, bucket) });

describe('a row in Redis', () => {
  it('ends by itself: the card first, then the record', async () => {
    await storeOn().put(place(0x20), row, RETENTION, { events: ['{}'], writes: [] });
    const name = '20'.repeat(16);
    expect(await server.admin.expiretime(`tw:v:{shop.20}:s:${name}`)).toBe(RETENTION.card);
    expect(await server.admin.expiretime(`tw:v:{shop.20}:r:${name}`)).toBe(RETENTION.record);
  });

  it('is kept in few bytes', async () => {
    await storeOn().put(place(0x26), row, RETENTION, { events: [], writes: [] });
    const name = `tw:v:{shop.26}:s:${'26'.repeat(16)}`;
    expect(['listpack', 'ziplist']).toContain(await server.admin.object('ENCODING', name));
  });

  it('leaves its record, and no seal, when the card is shredded', async () => {
    const store = storeOn();
    await store.put(place(0x21), row, RETENTION, { events: ['{}'], writes: [] });
    await store.destroy(place(0x21));
    expect(await server.admin.keys('tw:v:{shop.21}:*')).toEqual([`tw:v:{shop.21}:r:${'21'.repeat(16)}`]);
  });

  it('is not written when the outbox is of a wrong type', async () => {
    await server.admin.set(outboxKey('{shop.22}'), 'text');
    const put = storeOn().put(place(0x22), row, RETENTION, { events: ['{}'], writes: [] });
    await expect(put).rejects.toMatchObject({ code: 'internal' });
    expect(await server.admin.keys('tw:v:{shop.22}:*')).toEqual([]);
  });

  it('keeps the name of a fingerprint for as long as its latest card needs it', async () => {
    const store = storeOn();
    const fingerprint = Buffer.alloc(32, 0x24);
    const key = 'tw:f:{shop.24}:JCQkJCQkJCQkJCQkJCQkJA';
    await store.alias('shop', fingerprint, 'fpr_1', NOW + 100);
    expect(await server.admin.expiretime(key)).toBe(NOW + 100);
    await store.alias('shop', fingerprint, 'fpr_2', NOW + 900);
    await store.alias('shop', fingerprint, 'fpr_3', NOW + 500);
    expect(await server.admin.expiretime(key)).toBe(NOW + 900);
  });

  it('keeps the name that a fingerprint had when it was stored whole', async () => {
    await server.admin.set(`tw:f:{shop.25}:${'25'.repeat(32)}`, 'fpr_OLD');
    const fingerprint = Buffer.alloc(32, 0x25);
    expect(await storeOn().alias('shop', fingerprint, 'NEW', NOW + 100)).toBe('OLD');
    await server.admin.del(`tw:f:{shop.25}:${'25'.repeat(32)}`);
    expect(await storeOn().alias('shop', fingerprint, 'NEW', NOW + 100)).toBe('OLD');
  });
});

describe('a put', () => {
  it('does nothing after the time that it was given', async () => {
    const store = storeOn();
    const deadline = await store.deadline(place(0x35));
    const late = store.put(place(0x35), row, RETENTION, { events: ['{}'], writes: [] }, deadline - 5_000);
    await expect(late).rejects.toMatchObject({
      code: 'redis_unavailable',
      message: 'Redis took too long; try again',
    });
    expect(await server.admin.keys('tw:*{shop.35}*')).toEqual([]);
    await store.put(place(0x35), row, RETENTION, { events: ['{}'], writes: [] }, deadline);
    expect(await store.get(place(0x35))).toEqual(row);
  });
});

describe('a put that replaces a record', () => {
  it('of which the answer is lost is not taken back: the record tells whether it is there', async () => {
    const store = storeOn(300);
    const record = { key: 'tw:c:{shop.36}:chg', ttlSeconds: 60 };
    await server.admin.set(record.key, 'sent');
    const run = redis.run.bind(redis);
    redis.run = async (script, keys, args) => {
      const reply = await run(script, keys, args);
      if (script.name !== 'vault-put') return reply;
      throw new AppError('redis_unavailable', 'the answer was lost');
    };
    const writes = [{ ...record, value: 'approved', replaces: 'sent' }];
    const put = store.put(place(0x36), row, RETENTION, { events: ['{}'], writes });
    await expect(put).rejects.toMatchObject({ code: 'redis_unavailable' });
    redis.run = run;
    await store.put(place(0x37), row, RETENTION, { events: [], writes: [] });
    expect(await store.get(place(0x36))).toEqual(row);
    expect(await server.admin.get(record.key)).toBe('approved');
  });
});

/** A connection whose server was silent is given up a while after who asked it has given up. */
async function untilAnswered(): Promise<void> {
  for (let answers = 0; answers < 3;) {
    answers = await redis.command('PING').then(
      () => answers + 1,
      () => 0,
    );
    await new Promise((resolve) => void setTimeout(resolve, 50));
  }
}

describe('a Redis that stops', () => {
  it('A34: for a moment costs a put only time', async () => {
    const store = storeOn();
    await store.alias('shop', Buffer.alloc(32), 'fpr_0', NOW + 100);
    server.pause();
    const put = store.put(place(0x30), row, RETENTION, { events: ['{}'], writes: [] });
    await untilReady(redis, false);
    server.resume();
    await put;
    expect(await store.get(place(0x30))).toEqual(row);
    expect(await server.admin.lrange(outboxKey('{shop.30}'), 0, -1)).toEqual(['{}']);
  });

  it('A34: for longer than a caller can wait gives no row, then or later', async () => {
    const store = storeOn(300);
    // Warm scripts: what hangs in the stopped server is the write itself.
    await store.put(place(0x31), row, RETENTION, { events: ['{}'], writes: [] });
    let began: (() => void) | undefined;
    const paused = new Promise<void>((resolve) => (began = resolve));
    const run = redis.run.bind(redis);
    redis.run = (script, keys, args) => {
      if (script.name === 'vault-put' && began !== undefined) {
        server.pause();
        began();
        began = undefined;
      }
      return run(script, keys, args);
    };
    const put = store.put(place(0x32), row, RETENTION, { events: ['{"late":1}'], writes: [] });
    await paused;
    await expect(put).rejects.toMatchObject({ code: 'redis_unavailable' });
    server.resume();
    redis.run = run;
    await untilAnswered();
    expect(await store.get(place(0x32))).toBeNull();
    expect(await server.admin.lrange(outboxKey('{shop.32}'), 0, -1)).toEqual([]);
  });

  it('A34: and goes on too late does not do what it was asked for', async () => {
    const put = storeOn(-1).put(place(0x34), row, RETENTION, { events: ['{"late":1}'], writes: [] });
    await expect(put).rejects.toMatchObject({
      code: 'redis_unavailable',
      message: 'Redis took too long; try again',
    });
    expect(await server.admin.keys('tw:*{shop.34}*')).toEqual([]);
  });

  it('A34: after a write whose answer was lost has that write taken back', async () => {
    const store = storeOn(300);
    const run = redis.run.bind(redis);
    redis.run = async (script, keys, args) => {
      const reply = await run(script, keys, args);
      if (script.name !== 'vault-put') return reply;
      server.pause();
      // The answer came; the caller of the store is told that it did not.
      return run(script, keys, args);
    };
    const put = store.put(place(0x33), row, RETENTION, { events: ['{"lost":1}'], writes: [] });
    await expect(put).rejects.toMatchObject({ code: 'redis_unavailable' });
    redis.run = run;
    const withdrawn = new Promise<void>((resolve) => {
      redis.run = async (script, keys, args) => {
        const reply = await run(script, keys, args);
        if (script.name === 'vault-withdraw') resolve();
        return reply;
      };
    });
    server.resume();
    await withdrawn;
    redis.run = run;
    expect(await store.get(place(0x33))).toBeNull();
    expect(await server.admin.keys('tw:v:{shop.33}:*')).toEqual([]);
    expect(await server.admin.lrange(outboxKey('{shop.33}'), 0, -1)).toEqual([]);
  });
});

it('asks for nothing that its user may not do', async () => {
  expect(await server.admin.acl('LOG')).toEqual([]);
});
