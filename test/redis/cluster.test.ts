import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis as Client } from 'ioredis';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ApiKeyRegister } from '../../src/access/api-key-register.js';
import { RedisApiKeys } from '../../src/access/redis-api-keys.js';
import { systemClock } from '../../src/clock.js';
import { createCrm } from '../../src/crm/crm.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import { checkDurability } from '../../src/redis/durability.js';
import { RateLimiter } from '../../src/redis/rate-limiter.js';
import { parseRedisUrl } from '../../src/redis/redis-address.js';
import { RedisClient } from '../../src/redis/redis-client.js';
import { CardVault } from '../../src/vault/card-vault.js';
import { rotateKeys } from '../../src/vault/key-changes.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import { plainSeal } from '../../src/vault/plain-seal.js';
import { RedisTokenStore } from '../../src/vault/redis-token-store.js';
import { Rewrapper } from '../../src/vault/rewrapper.js';
import { Sweeper } from '../../src/vault/sweeper.js';
import { countByVersion } from '../../src/vault/sealed-rows.js';
import { describeTokenStore } from '../contract/token-store.contract.js';
import { MemoryAudit } from '../support/audit.js';
import { anEvent } from '../support/events.js';
import { cardRequest } from '../support/card-request.js';
import { startInbox } from '../support/inbox.js';
import { openKeys } from '../support/keys.js';
import { startCluster, type RedisCluster } from '../support/redis-cluster.js';
import { untilReady } from '../support/redis.js';
import { until } from '../support/service.js';

// A cluster of one node: it refuses every command whose keys are not in one slot, as a large one does.
let dir: string;
let cluster: RedisCluster;
let url: string;
let admin: Client;
let redis: RedisClient;
const shared = { clock: systemClock, log: silentLogger, metrics: createMetrics() };

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tw-'));
  cluster = await startCluster(1);
  // Several seeds make it a cluster.
  url = [cluster.url, cluster.url].join();
  admin = (await cluster.ownerOf('tw:x')).admin;
  redis = new RedisClient({ address: parseRedisUrl(url), ...shared });
  await untilReady(redis);
});
afterAll(async () => {
  await redis.close();
  await cluster.stop();
  await rm(dir, { recursive: true, force: true });
});

it('a cluster is checked on each of its masters', async () => {
  await checkDurability(redis, { declared: false, log: silentLogger });
  await admin.config('SET', 'appendfsync', 'everysec');
  await expect(checkDurability(redis, { declared: false, log: silentLogger })).rejects.toMatchObject({
    code: 'config_invalid',
  });
  await admin.config('SET', 'appendfsync', 'always');
});

it('a script and the wait behind it go to the server of its keys', async () => {
  const script = { name: 'kept', lua: "return redis.call('SET', KEYS[1], ARGV[1])" };
  const waits = (key: string) => redis.runAndWait(script, [key], ['x'], [['WAIT', 0, 10]]);
  // Until the connection of its own stands.
  await until(() =>
    waits('tw:{a}').then(
      () => true,
      () => false,
    ),
  );
  for (const key of ['tw:{a}', 'tw:{b}']) expect(await waits(key)).toEqual({ reply: 'OK', waited: 0 });
  await admin.script('FLUSH');
  expect(await waits('tw:{c}')).toEqual({ reply: 'OK', waited: 0 });
  expect(redis.peers).toEqual(['127.0.0.1']);
});

describeTokenStore('the Redis store on a cluster', () =>
  Promise.resolve({
    store: new RedisTokenStore({ redis, ...shared }),
    events: (merchant, bucket) =>
      admin.lrange(`tw:o:{${merchant}.${bucket.toString(16).padStart(2, '0')}}`, 0, -1),
    async written(key) {
      return { value: await admin.get(key), ttlSeconds: await admin.ttl(key) };
    },
  }),
);

it('cards on a cluster are brought under a newer key', async () => {
  const path = join(dir, 'keys.json');
  await createKeyFile(path, '2026-11-21T00:00:00.000Z');
  const keys = await openKeys(path);
  const store = new RedisTokenStore({ redis, ...shared });
  const vault = new CardVault({ keys, store, ttlDays: 15, ...shared });
  const views = await Promise.all(
    Array.from({ length: 20 }, (_, bucket) => vault.tokenize(cardRequest(bucket))),
  );
  await rotateKeys(path, plainSeal, '2026-11-21T00:00:00.000Z');
  const rotated = await openKeys(path);
  const audit = new MemoryAudit();
  const rewrapper = new Rewrapper({ ...shared, redis, keys: rotated, node: 'node_1', audit });
  rewrapper.start();
  const counted = async () => Object.fromEntries(await countByVersion(redis, () => {}));
  await until(async () => (await counted())['k2'] === 20);
  await rewrapper.stop();
  for (const { token } of views) expect(await vault.token('shop', token)).toMatchObject({ token });
  const sweeper = new Sweeper({
    ...{ ...shared, redis, store, keys: rotated, audit, worker: 'node_1', everyHours: 24 },
  });
  const { seals, altered, ...found } = await sweeper.sweep();
  // The rows of the contract above are sealed by nobody.
  expect(seals - altered).toBe(20);
  expect(found).toMatchObject({ overdue: 0, misdated: 0, orphaned: 0, unknown: 0 });
});

it('an API key on a cluster is found, and its use noted', async () => {
  const register = new ApiKeyRegister(redis, systemClock);
  const { apiKey, record } = await register.create({
    ...{ principal: 'crm', merchant: 'shop', scopes: ['events:read'], expires: null },
  });
  expect(await new RedisApiKeys({ redis, ...shared }).find(apiKey)).toMatchObject({ id: record.id });
  expect((await register.list())[0]?.used).toBeGreaterThanOrEqual(record.created);
});

it('what is limited on a cluster is counted, each key in its slot', async () => {
  const limiter = new RateLimiter(redis, systemClock);
  const places = ['a', 'b', 'c'].map((key) => ({ key, most: 1, seconds: 60 }));
  const [first] = places;
  const taken = await limiter.take(places);
  expect(await limiter.take(places)).toMatchObject({ full: first });
  await taken.giveBack?.();
  for (const place of places) expect(await limiter.wait(place)).toBe(0);
});

it('events find their way over a cluster', async () => {
  const inbox = await startInbox();
  const secrets = [`whsec_${'a'.repeat(32)}`];
  const webhook = { url: inbox.url, secrets };
  const crm = createCrm({
    redis,
    address: parseRedisUrl(url),
    webhook,
    merchants: ['shop'],
    ...shared,
  });
  crm.start();
  const writes = [{ key: 'tw:c:{shop.40}:call_1', value: 'live', ttlSeconds: 60 }];
  const event = anEvent();
  await crm.outbox.write({ event, bucket: 0x40, writes });
  while (!inbox.received.some(({ headers }) => headers['webhook-id'] === event.id)) {
    await inbox.until(inbox.received.length + 1);
  }
  expect(
    (await crm.log.list('shop', { since: null, cursor: null, limit: 99 })).events.length,
  ).toBeGreaterThan(0);
  await crm.stop();
  await inbox.close();
});
