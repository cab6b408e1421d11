import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { RedisEventLog } from '../../src/crm/redis-event-log.js';
import { anEvent } from '../support/events.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';

let server: TestRedis;
let log: RedisEventLog;
beforeAll(async () => {
  server = await startTestRedis();
  log = new RedisEventLog(await server.client());
});
afterAll(() => server.stop());

const all = { since: null, cursor: null, limit: 100 };

it('lists events of a merchant, oldest first', async () => {
  const [first, second] = [anEvent({ merchant: 'a' }), anEvent({ merchant: 'a' })];
  await log.add(first);
  await log.add(second);
  await log.add(anEvent({ merchant: 'b' }));
  expect(await log.list('a', all)).toEqual({
    events: [
      { ...first, delivery: 'pending' },
      { ...second, delivery: 'pending' },
    ],
    cursor: null,
  });
});

it('has an event once, however often it is added', async () => {
  const event = anEvent({ merchant: 'once' });
  await log.add(event);
  await log.mark('once', event.id, 'delivered');
  await log.add(event);
  expect((await log.list('once', all)).events).toEqual([{ ...event, delivery: 'delivered' }]);
});

it('is paged without gaps or doubles', async () => {
  const events = Array.from({ length: 7 }, () => anEvent({ merchant: 'paged' }));
  await Promise.all(events.map((event) => log.add(event)));
  const seen: string[] = [];
  let cursor: string | null = null;
  const sizes: number[] = [];
  do {
    const page = await log.list('paged', { since: null, cursor, limit: 3 });
    sizes.push(page.events.length);
    seen.push(...page.events.map(({ id }) => id));
    cursor = page.cursor;
  } while (cursor !== null);
  expect(sizes).toEqual([3, 3, 1]);
  expect(seen.toSorted()).toEqual(events.map(({ id }) => id).toSorted());
});

it('lists what was made at or after a moment', async () => {
  const now = Date.now();
  const at = (ms: number) => anEvent({ merchant: 'since', timestamp: new Date(now + ms).toISOString() });
  const [before, then, later] = [at(-1), at(0), at(1)];
  for (const event of [before, then, later]) await log.add(event);
  const page = await log.list('since', { ...all, since: new Date(now).toISOString() });
  expect(page.events.map(({ id }) => id)).toEqual([then.id, later.id]);
});

it('keeps an event 30 days', async () => {
  const event = anEvent({ merchant: 'ttl' });
  await log.add(event);
  expect(await server.admin.ttl(`tw:e:{ttl}:${event.id}`)).toBe(30 * 86_400);
  expect(await server.admin.ttl('tw:e:{ttl}:index')).toBe(30 * 86_400);
  await server.admin.zadd('tw:e:{ttl}:index', (Date.now() - 31 * 86_400_000) * 1000, 'evt_old');
  await log.add(anEvent({ merchant: 'ttl' }));
  expect(await server.admin.zscore('tw:e:{ttl}:index', 'evt_old')).toBeNull();
});

it('does not bring an event back by marking it', async () => {
  await log.mark('none', 'evt_gone', 'failed');
  expect(await log.get('none', 'evt_gone')).toBeNull();
  expect(await server.admin.exists('tw:e:{none}:evt_gone')).toBe(0);
});

it.each(['x', '-1', '1 2', '1'.repeat(16), `after_${'9'.repeat(17)}`, 'after_', '+inf'])(
  'takes no cursor %j',
  async (cursor) => {
    await expect(log.list('a', { ...all, cursor })).rejects.toMatchObject({ code: 'bad_request' });
  },
);
