import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/clock.js';
import { createCrm, type Crm } from '../../src/crm/crm.js';
import { DeliveryQueue, pauseMs } from '../../src/crm/delivery-queue.js';
import type { LoggedEvent } from '../../src/crm/event.js';
import { RedisEventLog } from '../../src/crm/redis-event-log.js';
import { Webhook } from '../../src/crm/webhook.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import { parseRedisUrl } from '../../src/redis/redis-address.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import { anEvent } from '../support/events.js';
import { ok, startInbox, status, type Inbox } from '../support/inbox.js';
import { startTestRedis, untilReady, type TestRedis } from '../support/redis.js';

const SECRET = `whsec_${randomBytes(24).toString('base64')}`;
let server: TestRedis;
let redis: RedisClient;
let inbox: Inbox;
beforeAll(async () => {
  server = await startTestRedis();
  redis = await server.client({ commandTimeoutMs: 500 });
});
afterAll(() => server.stop());
beforeEach(async () => {
  inbox = await startInbox();
});
afterEach(() => inbox.close());

function newCrm(url: string | null = inbox.url): Crm {
  return createCrm({
    redis,
    address: parseRedisUrl(server.url),
    webhook: url === null ? null : { url, secrets: [SECRET] },
    merchants: ['shop'],
    clock: systemClock,
    log: silentLogger,
    metrics: createMetrics(),
  });
}
const ids = (events: readonly { id: string }[]) => events.map(({ id }) => id).toSorted();
const receivedIds = () => inbox.received.map(({ headers }) => headers['webhook-id'] ?? '').toSorted();

/** Reads the log until `delivery` is what was expected; the worker marks it after the answer. */
async function until(log: RedisEventLog, id: string, delivery: LoggedEvent['delivery']): Promise<void> {
  while ((await log.get('shop', id))?.delivery !== delivery) await new Promise(setImmediate);
}

describe('an event', () => {
  it('goes from the outbox to the CRM, and the log knows', async () => {
    const crm = newCrm();
    crm.start();
    const [first, second] = [anEvent(), anEvent()];
    await crm.outbox.write({ event: first, bucket: 1, writes: [] });
    void crm.outbox.append({ event: second, bucket: 2, writes: [] });
    await inbox.until(2);
    expect(receivedIds()).toEqual(ids([first, second]));
    const log = new RedisEventLog(redis);
    await until(log, first.id, 'delivered');
    await until(log, second.id, 'delivered');
    expect(ids((await crm.log.list('shop', { since: null, cursor: null, limit: 9 })).events)).toEqual(
      ids([first, second]),
    );
    await crm.stop();
  });

  it('without a CRM is logged, and stays pending', async () => {
    const crm = newCrm(null);
    crm.start();
    const event = anEvent();
    await crm.outbox.write({ event, bucket: 3, writes: [] });
    await until(new RedisEventLog(redis), event.id, 'pending');
    await crm.stop();
    expect(inbox.received).toEqual([]);
  });

  it('reaches a CRM over a killed Redis', async () => {
    const crm = newCrm();
    crm.start();
    const events = Array.from({ length: 60 }, () => anEvent());
    for (const [i, event] of events.entries()) {
      void crm.outbox.append({ event, bucket: i, writes: [] });
      if (i === 30) {
        await inbox.until(10);
        server.kill();
        await untilReady(redis, false);
      }
    }
    const log = new RedisEventLog(redis);
    await untilReady(redis);
    for (const { id } of events) await until(log, id, 'delivered');
    expect(new Set(receivedIds())).toEqual(new Set(ids(events)));
    await crm.stop();
  });
});

describe('stopping', () => {
  it('does not wait for a Redis that does not answer', async () => {
    const crm = newCrm();
    crm.start();
    await crm.outbox.write({ event: anEvent(), bucket: 5, writes: [] });
    await inbox.until(1);
    server.pause();
    void crm.outbox.append({ event: anEvent(), bucket: 6, writes: [] });
    await crm.stop();
    server.resume();
    await untilReady(redis);
  });

  it('leaves an attempt under way to the next start', async () => {
    inbox.answer = () => {};
    const crm = newCrm();
    crm.start();
    const event = anEvent();
    await crm.outbox.write({ event, bucket: 7, writes: [] });
    while (!receivedIds().includes(event.id)) await inbox.until(inbox.received.length + 1);
    await crm.stop();
    inbox.answer = ok;
    const again = newCrm();
    again.start();
    await until(new RedisEventLog(redis), event.id, 'delivered');
    await again.stop();
  });
});

describe('a delivery', () => {
  const metrics = createMetrics();
  let log: RedisEventLog;
  let queue: DeliveryQueue;
  beforeEach(async () => {
    // Only what these tests add.
    await server.admin.flushall();
    log = new RedisEventLog(redis);
    queue = new DeliveryQueue({
      address: parseRedisUrl(server.url),
      events: log,
      log: silentLogger,
      metrics,
    });
  });
  afterEach(() => queue.close());
  const start = () =>
    queue.start(
      new Webhook({ url: inbox.url, secrets: [SECRET], clock: systemClock, timeoutMs: 200 }),
      () => 1,
    );

  it('that fails is made again until it is taken', async () => {
    let failures = 0;
    inbox.answer = (response, received, request) =>
      (failures++ < 4 ? ([status(500), () => {}, status(302), status(404)][failures - 1] ?? ok) : ok)(
        response,
        received,
        request,
      );
    const event = anEvent();
    await log.add(event);
    await queue.add(event);
    start();
    await until(log, event.id, 'delivered');
    expect(receivedIds()).toEqual(Array(5).fill(event.id));
  });

  it('that is given up is kept for an operator, and sent again', async () => {
    inbox.answer = status(500);
    const event = anEvent();
    await log.add(event);
    await queue.add(event);
    start();
    await until(log, event.id, 'failed');
    expect(inbox.received).toHaveLength(11);
    expect(await queue.dead(10)).toEqual([{ id: event.id, merchant: 'shop' }]);
    await queue.count();
    expect((await metrics.eventsDead.get()).values[0]?.value).toBe(1);

    inbox.answer = ok;
    expect(await queue.resend('shop', event.id)).toBe(true);
    await until(log, event.id, 'delivered');
    expect(await queue.dead(10)).toEqual([]);
    await queue.count();
    expect((await metrics.eventsDead.get()).values[0]?.value).toBe(0);
  });

  it('that was taken can be sent once more', async () => {
    const event = anEvent();
    await log.add(event);
    await queue.add(event);
    start();
    await until(log, event.id, 'delivered');
    expect(await queue.resend('shop', event.id)).toBe(true);
    await inbox.until(2);
    expect(receivedIds()).toEqual([event.id, event.id]);
  });

  it('that was taken is not made again when the relay repeats itself', async () => {
    const [event, next] = [anEvent(), anEvent()];
    await log.add(event);
    await queue.add(event);
    start();
    await until(log, event.id, 'delivered');
    // BullMQ forgets a job that is done, and its id with it.
    while ((await server.admin.exists(`tw:{q}:deliveries:${event.id}`)) === 1)
      await new Promise(setImmediate);
    await queue.add(event);
    await log.add(next);
    await queue.add(next);
    await until(log, next.id, 'delivered');
    expect(receivedIds()).toEqual(ids([event, next]));
  });

  it('of an event that the log has no more is refused', async () => {
    expect(await queue.resend('shop', 'evt_none')).toBe(false);
  });
});

it('pauses grow from under 5 s to hours, for about a day', () => {
  const range = (failed: number) => Array.from({ length: 200 }, () => pauseMs(failed));
  expect(Math.max(...range(1))).toBeLessThan(5_000);
  let day = 0;
  for (let failed = 1; failed <= 10; failed++) {
    const pauses = range(failed);
    if (failed > 1) expect(Math.min(...pauses)).toBeGreaterThan(Math.max(...range(failed - 1)));
    day += Math.min(...pauses);
    expect(new Set(pauses).size).toBeGreaterThan(1);
  }
  expect(day / 3_600_000).toBeGreaterThan(18);
  expect(day / 3_600_000).toBeLessThan(30);
});

it('asks for nothing that its user may not do', async () => {
  expect(await server.admin.acl('LOG')).toEqual([]);
});
