import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/clock.js';
import { createCrm } from '../../src/crm/crm.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import { checkDurability } from '../../src/redis/durability.js';
import { checkLevel, isReached, type Durability } from '../../src/redis/durability-level.js';
import { parseRedisUrl } from '../../src/redis/redis-address.js';
import { RedisClient } from '../../src/redis/redis-client.js';
import { RedisTokenStore } from '../../src/vault/redis-token-store.js';
import type { Place } from '../../src/vault/token-store.js';
import { describeTokenStore } from '../contract/token-store.contract.js';
import { anEvent } from '../support/events.js';
import { startInbox } from '../support/inbox.js';
import { countLost, keepPutting } from '../support/put-load.js';
import { untilReady } from '../support/redis.js';
import { until } from '../support/service.js';
import { aPlace, aTokenRow, RETENTION } from '../support/token-row.js';
import { startWatched, type Watched } from '../support/watched-redis.js';

const shared = { clock: systemClock, log: silentLogger, metrics: createMetrics() };

let servers: Watched;
let redis: RedisClient;
beforeAll(begin, 30_000);
afterAll(finish);

async function begin(): Promise<void> {
  servers = await startWatched();
  redis = new RedisClient({ address: parseRedisUrl(servers.url), ...shared });
  await untilReady(redis);
  await servers.inStep();
  // The connection for waiting is made when it is first needed.
  await put(storeOn(), aPlace(0));
}

async function finish(): Promise<void> {
  await redis.close();
  await servers.stop();
}

const row = aTokenRow();

function storeOn(options: { patienceMs?: number; durability?: Durability; elapsed?: () => number } = {}) {
  const { elapsed = () => 0, patienceMs = 4_000, durability = 'replica' } = options;
  const clock = { ...shared.clock, monotonic: () => systemClock.monotonic() + elapsed() };
  return new RedisTokenStore({ redis, clock, log: silentLogger, durability, patienceMs });
}

const put = (store: RedisTokenStore, place: Place, event = '{}') =>
  store.put(place, row, RETENTION, { events: [event], writes: [] });

describe('levels of durability', () => {
  it('are reached by the numbers that Redis gives, and by nothing else', () => {
    expect(isReached('local', null)).toBe(true);
    expect([0, 1, 2, null].map((waited) => isReached('replica', waited))).toEqual([false, true, true, false]);
    const fsynced = [[1, 1], [1, 0], [0, 1], [1], 1, null].map((waited) =>
      isReached('replica-fsync', waited),
    );
    expect(fsynced).toEqual([true, false, false, false, false, false]);
  });

  it('are checked at the start: a Redis without WAITAOF is refused, with its version', async () => {
    await checkLevel(redis, 'local', silentLogger);
    await checkLevel(redis, 'replica', silentLogger);
    const old = {
      everyNode: () => Promise.resolve(['# Server\r\nredis_version:7.0.15\r\nredis_git_sha1:0\r\n']),
    };
    await expect(checkLevel(old, 'replica-fsync', silentLogger)).rejects.toMatchObject({
      code: 'config_invalid',
      message: 'VAULT_DURABILITY: replica-fsync needs WAITAOF, which came with Redis 7.2: this one is 7.0.15',
    });
  });

  it('are checked at the start: so is a user who may not wait', async () => {
    for (const { admin } of servers.servers) await admin.acl('SETUSER', 'tonewall', '-wait');
    await expect(checkLevel(redis, 'replica', silentLogger)).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('add +wait to'),
    });
    for (const { admin } of servers.servers) await admin.acl('SETUSER', 'tonewall', '+wait');
  });
});

describeTokenStore('the Redis store that waits for a replica', () =>
  Promise.resolve({
    store: storeOn(),
    events: async (merchant, bucket) =>
      (await servers.primary()).admin.lrange(
        `tw:o:{${merchant}.${bucket.toString(16).padStart(2, '0')}}`,
        0,
        -1,
      ),
    async written(key) {
      const { admin } = await servers.primary();
      return { value: await admin.get(key), ttlSeconds: await admin.ttl(key) };
    },
  }),
);

describe('a replica that is silent', () => {
  it('A34: makes a put fail: nothing of it stays, other commands go on, and all is well once it answers', async () => {
    await put(storeOn(), aPlace(0x40));
    const replica = await servers.replica();
    replica.signal('SIGSTOP');
    const place = aPlace(0x41);
    const failed = put(storeOn({ patienceMs: 400 }), place, '{"late":1}');
    const began = systemClock.monotonic();
    let pings = 0;
    const others = until(async () => {
      await redis.command('PING');
      return ++pings >= 20;
    });
    await expect(failed).rejects.toMatchObject({
      code: 'redis_unavailable',
      message: expect.stringMatching(/^no replica has the write in time \(replica\)/),
    });
    await others;
    expect(systemClock.monotonic() - began).toBeLessThan(2_000);
    const { admin } = await servers.primary();
    await until(async () => (await admin.keys('tw:v:{shop.41}:*')).length === 0);
    expect(await admin.lrange('tw:o:{shop.41}', 0, -1)).toEqual([]);

    replica.signal('SIGCONT');
    await servers.inStep();
    await put(storeOn(), place);
    expect(await storeOn().get(place)).toEqual(row);
  }, 20_000);

  it('for a moment costs a put only time, and the card is written once', async () => {
    const replica = await servers.replica();
    replica.signal('SIGSTOP');
    const place = aPlace(0x42);
    const slow = put(storeOn(), place);
    await until(async () => (await (await servers.primary()).admin.keys('tw:v:{shop.42}:*')).length > 0);
    setTimeout(() => replica.signal('SIGCONT'), 400);
    await slow;
    expect(await replica.admin.keys('tw:v:{shop.42}:s:*')).toHaveLength(1);
    expect(await replica.admin.lrange('tw:o:{shop.42}', 0, -1)).toHaveLength(1);
  }, 20_000);

  it('holds a deletion back too, which is then told as what it was', async () => {
    const place = aPlace(0x43);
    await put(storeOn(), place);
    const replica = await servers.replica();
    replica.signal('SIGSTOP');
    const deleted = storeOn().destroy(place);
    await until(async () => (await (await servers.primary()).admin.keys('tw:v:{shop.43}:s:*')).length === 0);
    setTimeout(() => replica.signal('SIGCONT'), 400);
    expect(await deleted).toBe(true);
    expect(await replica.admin.keys('tw:v:{shop.43}:s:*')).toEqual([]);
  }, 20_000);
});

it('events find their way through a Sentinel', async () => {
  const inbox = await startInbox();
  const webhook = { url: inbox.url, secrets: [`whsec_${'a'.repeat(32)}`] };
  const address = parseRedisUrl(servers.url);
  const crm = createCrm({ redis, address, webhook, merchants: ['shop'], ...shared });
  crm.start();
  const event = anEvent();
  await crm.outbox.write({ event, bucket: 0x60, writes: [] });
  await until(() => inbox.received.some(({ headers }) => headers['webhook-id'] === event.id));
  await crm.stop();
  await inbox.close();
}, 20_000);

describe('a server that is no longer the primary', () => {
  it('A34: is left, so that the primary can be found; its refusal is none of ours', async () => {
    const lost = new RedisClient({
      address: parseRedisUrl(servers.urlOf(await servers.replica())),
      ...shared,
    });
    const seen: boolean[] = [];
    lost.watch((ready) => seen.push(ready));
    try {
      await untilReady(lost);
      await expect(lost.command('SET', 'tw:x', 'x')).rejects.toMatchObject({ code: 'redis_unavailable' });
      await until(() => seen.length >= 3);
      expect(seen).toEqual([true, false, true]);
    } finally {
      await lost.close();
    }
  });
});

describe('a failover during puts', () => {
  it('A34: in good order loses no acknowledged token, and needs no restart', async () => {
    const before = await servers.primary();
    const store = storeOn();
    const puts = keepPutting(store, row);
    await until(() => puts.kept.length > 100);
    await servers.failover();
    expect((await servers.primary()).port).not.toBe(before.port);
    const moved = puts.kept.length;
    await until(() => puts.kept.length > moved + 100, 20_000);
    await puts.stop();
    expect(await countLost(store, puts.kept)).toBe(0);
    expect(redis.peers).toEqual(['127.0.0.1']);
  }, 60_000);

  it('A34: by the death of the primary loses no acknowledged token; what is not there is unsettled for a minute', async () => {
    // A Sentinel that has just failed over waits before it does it again.
    await finish();
    await begin();
    let elapsed = 0;
    const store = storeOn({ elapsed: () => elapsed });
    expect(await store.unsettled(aPlace(0x50))).toBe(false);
    const shredded = aPlace(0x51);
    await put(store, shredded);
    await store.destroy(shredded);

    const puts = keepPutting(store, row);
    await until(() => puts.kept.length > 200);
    const dead = await servers.primary();
    dead.signal('SIGKILL');
    await until(async () => (await servers.primary()).port !== dead.port, 20_000);
    // The one that is left has no replica: nothing is acknowledged any more, and nothing was that it lacks.
    await puts.stop();
    await untilReady(redis);
    expect(await countLost(store, puts.kept)).toBe(0);
    expect(puts.kept.length).toBeGreaterThan(200);
    await expect(put(storeOn({ patienceMs: 300 }), aPlace(0x52))).rejects.toMatchObject({
      code: 'redis_unavailable',
    });
    await put(storeOn({ durability: 'local' }), aPlace(0x53));

    expect(await store.unsettled(aPlace(0x50))).toBe(true);
    expect(await store.unsettled(shredded)).toBe(false);
    elapsed = 60_000;
    expect(await store.unsettled(aPlace(0x50))).toBe(false);
    await checkDurability(redis, { declared: false, log: silentLogger });
    const lines: string[] = [];
    await checkLevel(redis, 'replica', { ...silentLogger, warn: (_, line) => lines.push(line) });
    expect(lines).toEqual(['no replica of redis is connected: no token is given out until one is']);
  }, 60_000);
});
