import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/clock.js';
import { silentLogger } from '../../src/log.js';
import { outboxKey, outcomesKey } from '../../src/redis/keys.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import { RedisTokenStore } from '../../src/vault/redis-token-store.js';
import type { OutcomeIn } from '../../src/vault/vault.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';
import { aPlace, aTokenRow, RETENTION } from '../support/token-row.js';

const SLOT = '{shop.07}';
const LIST = outcomesKey(SLOT, 'ed25519:node');
const saying =
  (value: string): OutcomeIn =>
  (slot) => ({ key: outcomesKey(slot, 'ed25519:node'), value });

let server: TestRedis;
let redis: RedisClient;
let store: RedisTokenStore;
beforeAll(async () => {
  server = await startTestRedis();
  redis = await server.client();
  store = new RedisTokenStore({ redis, clock: systemClock, log: silentLogger, patienceMs: 300 });
});
beforeEach(() => server.admin.flushall());
afterAll(async () => {
  store.close();
  await server.stop();
});

describe('a card that is written or shredded', () => {
  it('says so in its own slot, once', async () => {
    const place = aPlace(7);
    const outcome = saying('3 token.create done shop/tnw_1');
    await store.put(place, aTokenRow(), RETENTION, { events: ['{}'], writes: [], outcome });
    await store.destroy(place, saying('5 token.destroy done shop/tnw_1'));
    await store.destroy(place, saying('7 token.destroy done shop/tnw_1'));
    expect(await server.admin.lrange(LIST, 0, -1)).toEqual([
      '3 token.create done shop/tnw_1',
      '5 token.destroy done shop/tnw_1',
    ]);
  });

  it('is neither when it can not say so', async () => {
    const place = aPlace(7);
    const row = aTokenRow();
    const outcome = saying('3 token.create done shop/tnw_1');
    await server.admin.set(LIST, 'no list');
    const refused = store.put(place, row, RETENTION, { events: ['{}'], writes: [], outcome });
    await expect(refused).rejects.toMatchObject({ code: 'internal' });
    expect(await server.admin.keys('tw:*')).toEqual([LIST]);
    await store.put(place, row, RETENTION, { events: ['{}'], writes: [] });
    await expect(store.destroy(place, outcome)).rejects.toMatchObject({ code: 'internal' });
    expect(await store.get(place)).not.toBeNull();
  });

  it('says that it was taken back, when its answer was lost', async () => {
    const run = redis.run.bind(redis);
    redis.run = async (script, keys, args) => {
      const reply = await run(script, keys, args);
      if (script.name !== 'vault-put') return reply;
      server.pause();
      return run(script, keys, args);
    };
    const outcome = saying('3 token.create done shop/tnw_1');
    const put = store.put(aPlace(7), aTokenRow(), RETENTION, { events: ['{}'], writes: [], outcome });
    await expect(put).rejects.toMatchObject({ code: 'redis_unavailable' });
    redis.run = run;
    server.resume();
    const told = (): Promise<string[]> => server.admin.lrange(LIST, 0, -1);
    while ((await told()).length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await told()).toEqual(['3 token.create done shop/tnw_1', '3 token.create withdrawn shop/tnw_1']);
    expect(await server.admin.exists(outboxKey(SLOT))).toBe(0);
  });
});
