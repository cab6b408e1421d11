import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { REDIS_USER } from '../../src/redis/acl.js';
import { systemClock } from '../../src/clock.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import { checkDurability } from '../../src/redis/durability.js';
import { checkLevel, type Durability } from '../../src/redis/durability-level.js';
import { parseRedisUrl } from '../../src/redis/redis-address.js';
import { RedisClient } from '../../src/redis/redis-client.js';
import type { RedisServer } from '../../src/redis/redis-server.js';
import { RedisTokenStore } from '../../src/vault/redis-token-store.js';
import type { Place } from '../../src/vault/token-store.js';
import { describeTokenStore } from '../contract/token-store.contract.js';
import { findNewerRedis } from '../support/newer-redis.js';
import { powerCut } from '../support/power-cut.js';
import { countLost, keepPutting } from '../support/put-load.js';
import { PASSWORD, RedisFarm, type RedisProcess } from '../support/redis-farm.js';
import { untilReady } from '../support/redis.js';
import { freePorts, until } from '../support/service.js';
import { aPlace, aTokenRow, RETENTION } from '../support/token-row.js';

const newer = findNewerRedis();
const onNewer = newer === null ? describe.skip : describe;
if (newer === null) {
  process.stderr.write(
    'replica-fsync is not tried: no Redis 7.2 or Valkey was found; NEWER_REDIS_SERVER names one\n',
  );
}

const shared = { clock: systemClock, log: silentLogger, metrics: createMetrics() };
const away = { code: 'redis_unavailable' };

/** A primary and its replica, and the service's client of the primary. */
interface Pair {
  readonly primary: RedisProcess;
  readonly replica: RedisProcess;
  readonly redis: RedisClient;
  store(patienceMs?: number, durability?: Durability): RedisTokenStore;
  stop(): Promise<void>;
}

async function startPair(env: (dir: string) => NodeJS.ProcessEnv = () => ({})): Promise<Pair> {
  const farm = await RedisFarm.begin(newer as RedisServer);
  const [first = 0, second = 0] = await freePorts(2);
  const primary = await farm.redis(first, [], env);
  const replica = await farm.redis(second, [`replicaof 127.0.0.1 ${first}`], env);
  for (const { admin } of [primary, replica]) await admin.acl('SETUSER', REDIS_USER, '+waitaof');
  await until(async () => (await replica.admin.info('replication')).includes('link_status:up'));
  // A replica rewrites its AOF once it has everything: until then it has fsynced nothing.
  await until(async () => (await waitAof(primary))[1] === 1);
  const redis = clientOf(primary);
  await untilReady(redis);
  return {
    ...{ primary, replica, redis },
    store: (patienceMs = 4_000, durability = 'replica-fsync') =>
      new RedisTokenStore({ redis, ...shared, durability, patienceMs }),
    async stop() {
      await redis.close();
      await farm.stop();
    },
  };
}

const clientOf = ({ port }: RedisProcess) =>
  new RedisClient({
    address: parseRedisUrl(`redis://${REDIS_USER}:${PASSWORD}@127.0.0.1:${port}`),
    ...shared,
  });

/** On how many disks a write is: here, and on replicas. */
async function waitAof({ admin }: RedisProcess): Promise<number[]> {
  await admin.set('tw:waited', 'x');
  return (await admin.call('WAITAOF', 1, 1, 100)) as number[];
}

const put = (store: RedisTokenStore, place: Place) =>
  store.put(place, aTokenRow(), RETENTION, { events: ['{}'], writes: [] });

onNewer('the level replica-fsync on a Redis that knows WAITAOF', () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await startPair();
  });
  afterAll(() => pair.stop());

  describeTokenStore('the Redis store that waits for the disk of a replica', () =>
    Promise.resolve({
      store: pair.store(),
      events: (merchant, bucket) =>
        pair.primary.admin.lrange(`tw:o:{${merchant}.${bucket.toString(16).padStart(2, '0')}}`, 0, -1),
      async written(key) {
        const { admin } = pair.primary;
        return { value: await admin.get(key), ttlSeconds: await admin.ttl(key) };
      },
    }),
  );

  it('passes the checks of the start', async () => {
    await checkDurability(pair.redis, { declared: false, log: silentLogger });
    await checkLevel(pair.redis, 'replica-fsync', silentLogger);
  });

  it('is refused at the start to a user who may not wait', async () => {
    await pair.primary.admin.acl('SETUSER', REDIS_USER, '-waitaof');
    await expect(checkLevel(pair.redis, 'replica-fsync', silentLogger)).rejects.toMatchObject({
      code: 'config_invalid',
      message: "VAULT_DURABILITY: replica-fsync needs WAITAOF: add +waitaof to the user's rights",
    });
    await pair.primary.admin.acl('SETUSER', REDIS_USER, '+waitaof');
  });

  it('is reached by the first wait, and not by what a replica tells each second', async () => {
    for (let bucket = 0x40; bucket < 0x50; bucket++) await put(pair.store(200), aPlace(bucket));
    expect(await pair.replica.admin.keys('tw:v:{shop.4*}:s:*')).toHaveLength(16);
  });

  it('gives no token out while the replica keeps no AOF, and does again once it does', async () => {
    await pair.replica.admin.config('SET', 'appendonly', 'no');
    const place = aPlace(0x60);
    await expect(put(pair.store(400), place)).rejects.toMatchObject(away);
    await put(pair.store(400, 'replica'), aPlace(0x61));
    await until(async () => (await pair.primary.admin.keys('tw:v:{shop.60}:*')).length === 0);
    await pair.replica.admin.config('SET', 'appendonly', 'yes');
    await put(pair.store(10_000), place);
    expect(await pair.store().get(place)).not.toBeNull();
  });

  it('gives no token out while the replica is silent, and does again once it answers', async () => {
    pair.replica.signal('SIGSTOP');
    const place = aPlace(0x62);
    await expect(put(pair.store(400), place)).rejects.toMatchObject(away);
    await until(async () => (await pair.primary.admin.keys('tw:v:{shop.62}:*')).length === 0);
    pair.replica.signal('SIGCONT');
    await put(pair.store(), place);
    expect(await pair.replica.admin.keys('tw:v:{shop.62}:s:*')).toHaveLength(1);
  });

  it('gives no token out once the replica has gone', async () => {
    await pair.replica.kill();
    await expect(put(pair.store(400), aPlace(0x63))).rejects.toMatchObject(away);
  });
});

/** How many acknowledged rows a replica lacks after the power went at both servers and the primary's disk was lost. */
async function lostAtBoth(durability: Durability, replicaFsync: 'always' | 'no'): Promise<number> {
  const pair = await startPair(powerCut);
  try {
    await pair.replica.admin.config('SET', 'appendfsync', replicaFsync);
    const puts = keepPutting(pair.store(1_000, durability), aTokenRow());
    await until(() => puts.kept.length > 200);
    await Promise.all([pair.primary.kill(), pair.replica.kill()]);
    const kept = [...puts.kept];
    const stopped = puts.stop();
    pair.replica.start();
    await until(async () => (await pair.replica.admin.replicaof('NO', 'ONE').catch(String)) === 'OK');
    await stopped;
    const redis = clientOf(pair.replica);
    await untilReady(redis);
    const lost = await countLost(new RedisTokenStore({ redis, ...shared }), kept);
    await redis.close();
    return lost;
  } finally {
    await pair.stop();
  }
}

(process.platform === 'linux' ? onNewer : describe.skip)(
  'a power cut at both servers, and one disk lost',
  () => {
    it('loses no token of the level replica-fsync', async () => {
      expect(await lostAtBoth('replica-fsync', 'always')).toBe(0);
    }, 30_000);

    it('loses tokens of the level replica, where the replica does not fsync', async () => {
      expect(await lostAtBoth('replica', 'no')).toBeGreaterThan(0);
    }, 30_000);
  },
);
