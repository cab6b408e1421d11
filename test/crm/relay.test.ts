import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { systemClock } from '../../src/clock.js';
import type { CrmEvent } from '../../src/crm/event.js';
import { Relay } from '../../src/crm/relay.js';
import { silentLogger } from '../../src/log.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import { anEvent } from '../support/events.js';
import { startTestRedis, untilReady, type TestRedis } from '../support/redis.js';

let server: TestRedis;
let redis: RedisClient;
beforeAll(async () => {
  server = await startTestRedis();
  redis = await server.client({ commandTimeoutMs: 300 });
});
afterAll(() => server.stop());

function newRelay(take: (event: CrmEvent) => Promise<void>, clock = systemClock): Relay {
  return new Relay({ redis, take, merchants: ['shop', 'shed'], clock, log: silentLogger });
}
const put = (slot: string, ...events: CrmEvent[]) =>
  server.admin.rpush(`tw:o:${slot}`, ...events.map((event) => JSON.stringify(event)));

/** Resolves when `count` events have been taken. */
function taking(count: number): { take: (event: CrmEvent) => Promise<void>; taken: Promise<CrmEvent[]> } {
  const events: CrmEvent[] = [];
  let done: (events: CrmEvent[]) => void = () => {};
  const taken = new Promise<CrmEvent[]>((resolve) => (done = resolve));
  return {
    taken,
    take(event) {
      events.push(event);
      if (events.length === count) done(events);
      return Promise.resolve();
    },
  };
}

it('finds at its start what lies in any slot of any merchant, oldest first', async () => {
  const [first, second, third] = [anEvent(), anEvent(), anEvent({ merchant: 'shed' })];
  await put('{shop.00}', first, second);
  await put('{shed.ff}', third);
  const { take, taken } = taking(3);
  const relay = newRelay(take);
  relay.start();
  expect(await taken).toEqual([first, second, third]);
  await relay.stop();
  expect(await server.admin.keys('tw:o:*')).toEqual([]);
});

it('moves a slot on a nudge, more than a batch of it', async () => {
  const events = Array.from({ length: 250 }, () => anEvent());
  const { take, taken } = taking(250);
  // A clock that never rings: no sweep helps.
  const relay = newRelay(take, { ...systemClock, after: () => () => {} });
  relay.start();
  await put('{shop.07}', ...events);
  relay.nudge('shop', 7);
  expect(await taken).toEqual(events);
  await relay.stop();
  expect(await server.admin.exists('tw:o:{shop.07}')).toBe(0);
});

it('takes an event again when it died before removing it', async () => {
  const event = anEvent();
  await put('{shop.08}', event);
  const died = newRelay(() => Promise.reject(new Error('died')));
  died.start();
  died.nudge('shop', 8);
  await died.stop();
  expect(await server.admin.llen('tw:o:{shop.08}')).toBe(1);

  const { take, taken } = taking(1);
  const relay = newRelay(take);
  relay.start();
  expect(await taken).toEqual([event]);
  await relay.stop();
});

it('loses nothing when two nodes move the same slots', async () => {
  const ids = new Set<string>();
  const events = Array.from({ length: 300 }, () => anEvent());
  let done: () => void = () => {};
  const all = new Promise<void>((resolve) => (done = resolve));
  const take = (event: CrmEvent): Promise<void> => {
    ids.add(event.id);
    if (ids.size === 300) done();
    return Promise.resolve();
  };
  await put('{shop.09}', ...events);
  const relays = [newRelay(take), newRelay(take)];
  for (const relay of relays) relay.start();
  await all;
  await Promise.all(relays.map((relay) => relay.stop()));
});

it('removes what is no event and goes on', async () => {
  const event = anEvent();
  await server.admin.rpush('tw:o:{shop.0a}', 'hello', '{}', 'null');
  await put('{shop.0a}', event);
  const { take, taken } = taking(1);
  const relay = newRelay(take);
  relay.start();
  expect(await taken).toEqual([event]);
  await relay.stop();
});

it('goes on when Redis was killed', async () => {
  const relay = newRelay(() => Promise.resolve());
  relay.start();
  server.kill();
  await untilReady(redis, false);
  await untilReady(redis);
  await relay.stop();
  const event = anEvent();
  const { take, taken } = taking(1);
  const after = newRelay(take);
  after.start();
  await put('{shop.0b}', event);
  after.nudge('shop', 0x0b);
  expect(await taken).toEqual([event]);
  await after.stop();
});
