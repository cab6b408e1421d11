import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ChargeStore } from '../../src/charge/charge-store.js';
import type { ChargeRecord } from '../../src/charge/charge.js';
import { systemClock } from '../../src/clock.js';
import { newId } from '../../src/id.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import { REDIS_USER } from '../../src/redis/acl.js';
import { parseRedisUrl } from '../../src/redis/redis-address.js';
import { RedisClient } from '../../src/redis/redis-client.js';
import { PASSWORD, RedisFarm, type RedisProcess } from '../support/redis-farm.js';
import { untilReady } from '../support/redis.js';
import { freePorts, until } from '../support/service.js';

let farm: RedisFarm;
let replica: RedisProcess;
let redis: RedisClient;
let store: ChargeStore;
beforeAll(async () => {
  farm = await RedisFarm.begin();
  const [first = 0, second = 0] = await freePorts(2);
  await farm.redis(first);
  replica = await farm.redis(second, [`replicaof 127.0.0.1 ${first}`]);
  await until(async () => (await replica.admin.info('replication')).includes('link_status:up'));
  const address = parseRedisUrl(`redis://${REDIS_USER}:${PASSWORD}@127.0.0.1:${first}`);
  const shared = { clock: systemClock, log: silentLogger, metrics: createMetrics() };
  redis = new RedisClient({ address, ...shared });
  await untilReady(redis);
  store = new ChargeStore({ redis, durability: 'replica', clock: systemClock });
});
afterAll(async () => {
  await redis.close();
  await farm.stop();
});

function anIntent(): ChargeRecord {
  const token = newId('tnw_', 7);
  const money = { amount: 1250, currency: 'EUR' };
  return {
    ...{ merchant: 'shop', state: 'created', since: systemClock.now(), token, once: true, captureId: null },
    ...{ idempotency: null, entry: 'moto', network: null, language: 'en', sequence: 0, refunds: [] },
    view: {
      ...{ id: newId('chg_', 7), status: 'unknown', token, ...money, reference: null, refunded: 0 },
      ...{ provider: 'ledger', provider_reference: null, decline: null, created_at: '2026-01-01T00:00:00Z' },
    },
  };
}

it('an intent and its outcome are with the replica before anybody hears of them', async () => {
  const intent = anIntent();
  const { merchant, view } = intent;
  expect(await store.create(intent)).toBe('created');
  expect(await replica.admin.keys(`tw:c:*:${view.id}`)).toHaveLength(1);
  const declined = { ...intent, state: 'declined' } as const;
  const change = { record: declined, events: ['{"type":"charge.declined"}'], writes: [], frees: true };
  await store.change(merchant, view.id, () => change);
  const [outbox = ''] = await replica.admin.keys('tw:o:*');
  expect(await replica.admin.lrange(outbox, 0, -1)).toEqual(change.events);
});

it('an intent that no replica has is none: nothing is sent for it', async () => {
  replica.signal('SIGSTOP');
  try {
    await expect(store.create(anIntent())).rejects.toMatchObject({ code: 'redis_unavailable' });
  } finally {
    replica.signal('SIGCONT');
  }
});
