import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/clock.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import { checkDurability } from '../../src/redis/durability.js';
import { checkLevel, type Durability } from '../../src/redis/durability-level.js';
import { outboxKey, slotTag } from '../../src/redis/keys.js';
import { parseRedisUrl } from '../../src/redis/redis-address.js';
import { RedisClient } from '../../src/redis/redis-client.js';
import { RedisTokenStore } from '../../src/vault/redis-token-store.js';
import type { Place } from '../../src/vault/token-store.js';
import { countLost, keepPutting } from '../support/put-load.js';
import { startCluster, type RedisCluster } from '../support/redis-cluster.js';
import { untilReady } from '../support/redis.js';
import { until } from '../support/service.js';
import { aPlace, aTokenRow, RETENTION } from '../support/token-row.js';

/** Masters that are killed one after another; `npm run prove:failover` kills more. */
const KILLS = Number(process.env['CLUSTER_KILLS'] ?? 1);

const shared = { clock: systemClock, log: silentLogger, metrics: createMetrics() };

let cluster: RedisCluster;
let redis: RedisClient;
/** Milliseconds that have gone by for the stores alone. */
let elapsed = 0;

beforeAll(async () => {
  cluster = await startCluster(3, 1);
  redis = new RedisClient({ address: parseRedisUrl(cluster.url), ...shared });
  await untilReady(redis);
}, 30_000);
afterAll(async () => {
  await redis.close();
  await cluster.stop();
});

function storeOn(durability: Durability, patienceMs = 4_000): RedisTokenStore {
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + elapsed };
  return new RedisTokenStore({ redis, clock, log: silentLogger, durability, patienceMs });
}

const ownerOf = ({ merchant, bucket }: Place) => cluster.ownerOf(outboxKey(slotTag(merchant, bucket)));

/** Whether a row can be put there now. */
const takes = (store: RedisTokenStore, { bucket }: Place): Promise<boolean> =>
  store.put(aPlace(bucket), aTokenRow(), RETENTION, { events: ['{}'], writes: [] }).then(
    () => true,
    () => false,
  );

describe('a cluster whose masters are killed under load', () => {
  it.each(Array.from({ length: KILLS }, (_, at) => [at + 1, aPlace((at * 37) % 256)] as const))(
    'A34: loses no acknowledged token, takes writes again, and answers "unsettled" for a minute: kill %d',
    async (_, place) => {
      const store = storeOn('replica');
      await until(() => takes(store, place));
      elapsed += 60_000;
      expect(await store.unsettled(aPlace(place.bucket))).toBe(false);

      // Impatient: a slot whose master has died holds nobody up who wants another.
      const puts = keepPutting(storeOn('replica', 300), aTokenRow(), 8);
      await until(() => puts.kept.length > 300);
      const dead = await ownerOf(place);
      await dead.kill();
      const local = storeOn('local', 300);
      await until(() => takes(local, place), 20_000);
      expect(await ownerOf(place)).not.toBe(dead);
      // The others have gone on meanwhile, and the one that follows has no replica yet.
      const before = puts.kept.length;
      await until(() => puts.kept.length > before + 20);
      expect(await takes(storeOn('replica', 300), place)).toBe(false);
      expect(await store.unsettled(aPlace(place.bucket))).toBe(true);

      dead.start();
      await cluster.sound();
      await until(() => takes(store, place), 20_000);
      await puts.stop();
      expect(await countLost(store, puts.kept)).toBe(0);
      elapsed += 60_000;
      expect(await store.unsettled(aPlace(place.bucket))).toBe(false);
    },
    60_000,
  );

  it('is as durable after it as before', async () => {
    await checkDurability(redis, { declared: false, log: silentLogger });
    const lines: string[] = [];
    await checkLevel(redis, 'replica', { ...silentLogger, warn: (_, line) => lines.push(line) });
    expect(lines).toEqual([]);
  });
});
