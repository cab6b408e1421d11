import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { systemClock } from '../../src/clock.js';
import { RedisOutbox } from '../../src/crm/redis-outbox.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics, type Metrics } from '../../src/metrics.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import { anEvent } from '../support/events.js';
import { startTestRedis, untilReady, type TestRedis } from '../support/redis.js';

let server: TestRedis;
let redis: RedisClient;
let metrics: Metrics;
let nudged: string[];
beforeAll(async () => {
  server = await startTestRedis();
  redis = await server.client({ commandTimeoutMs: 300 });
});
afterAll(() => server.stop());

function newOutbox(): RedisOutbox {
  metrics = createMetrics();
  nudged = [];
  const relay = { nudge: (merchant: string, bucket: number) => void nudged.push(`${merchant}.${bucket}`) };
  return new RedisOutbox({ redis, relay, clock: systemClock, log: silentLogger, metrics });
}
const kept = async (slot: string) =>
  (await server.admin.lrange(`tw:o:${slot}`, 0, -1)).map((text) => JSON.parse(text) as unknown);

it('writes an event and its records at once, and tells the relay', async () => {
  const outbox = newOutbox();
  const event = anEvent();
  const writes = [{ key: 'tw:c:{shop.01}:call_1', value: 'ringing', ttlSeconds: 60 }];
  await outbox.write({ event, bucket: 1, writes });
  expect(await kept('{shop.01}')).toEqual([event]);
  expect(await server.admin.get('tw:c:{shop.01}:call_1')).toBe('ringing');
  expect(await server.admin.ttl('tw:c:{shop.01}:call_1')).toBe(60);
  expect(nudged).toEqual(['shop.1']);
});

it('writes no record when the event can not be written', async () => {
  await server.admin.set('tw:o:{shop.02}', 'text');
  const writes = [{ key: 'tw:c:{shop.02}:call_1', value: 'x', ttlSeconds: 60 }];
  await expect(newOutbox().write({ event: anEvent(), bucket: 2, writes })).rejects.toMatchObject({
    code: 'internal',
  });
  expect(await server.admin.exists('tw:c:{shop.02}:call_1')).toBe(0);
});

it('refuses at once, and keeps what happened, while Redis is away; writes it in order when it is back', async () => {
  const outbox = newOutbox();
  const events = [anEvent(), anEvent(), anEvent()];
  server.pause();
  await expect(redis.command('PING')).rejects.toMatchObject({ code: 'redis_unavailable' });
  await expect(outbox.write({ event: anEvent(), bucket: 3, writes: [] })).rejects.toMatchObject({
    code: 'redis_unavailable',
  });
  for (const event of events) void outbox.append({ event, bucket: 3, writes: [] });
  server.resume();
  await untilReady(redis);
  await outbox.settle(5_000);
  expect(await kept('{shop.03}')).toEqual(events);
});

it('goes on after an event that Redis refuses, and counts it', async () => {
  const outbox = newOutbox();
  const event = anEvent();
  void outbox.append({ event: anEvent(), bucket: 2, writes: [] });
  void outbox.append({ event, bucket: 4, writes: [] });
  await outbox.settle(5_000);
  expect(await kept('{shop.04}')).toEqual([event]);
  expect((await metrics.eventsDropped.get()).values[0]?.value).toBe(1);
});

it('drops, and counts, what exceeds 10,000 entries', async () => {
  const outbox = newOutbox();
  const event = anEvent();
  server.pause();
  for (let i = 0; i < 10_003; i++) void outbox.append({ event, bucket: 5, writes: [] });
  expect((await metrics.eventsDropped.get()).values[0]?.value).toBe(3);
  server.resume();
  await untilReady(redis);
  await outbox.settle(50_000);
  // Those whose answers were lost, while a slow server came back, may stand there twice.
  const there = await server.admin.llen('tw:o:{shop.05}');
  expect([there >= 10_000, there < 10_100]).toEqual([true, true]);
});
