import { REDIS_USER } from '../../src/redis/acl.js';
import type { RedisServer } from '../../src/redis/redis-server.js';
import { PASSWORD, RedisFarm, type RedisProcess } from './redis-farm.js';
import { freePorts, until } from './service.js';

/** A primary, a replica, and a Sentinel that fails over between them. */
export interface Watched {
  readonly servers: readonly [RedisProcess, RedisProcess];
  /** As the service is given it: through the Sentinel. */
  readonly url: string;
  /** One server, without the Sentinel. */
  urlOf(server: RedisProcess): string;
  /** The server that the Sentinel calls the primary. */
  primary(): Promise<RedisProcess>;
  replica(): Promise<RedisProcess>;
  /** A failover by the Sentinel while both live: the old primary takes writes for a moment more. */
  failover(): Promise<void>;
  /** Resolves when the replica has what the primary has. */
  inStep(): Promise<void>;
  stop(): Promise<void>;
}

/** On the Redis that every test has, unless another is given. */
export async function startWatched(server?: RedisServer): Promise<Watched> {
  const farm = await RedisFarm.begin(server);
  const [first = 0, second = 0, watch = 0] = await freePorts(3);
  const servers = [
    await farm.redis(first),
    await farm.redis(second, [`replicaof 127.0.0.1 ${first}`]),
  ] as const;
  await until(async () => (await servers[1].admin.info('replication')).includes('link_status:up'));
  const sentinel = await farm.sentinel(watch, [
    `sentinel monitor cards 127.0.0.1 ${first} 1`,
    'sentinel auth-user cards admin',
    `sentinel auth-pass cards ${PASSWORD}`,
    'sentinel down-after-milliseconds cards 400',
    'sentinel failover-timeout cards 3000',
  ]);
  await until(async () =>
    String(await sentinel.call('SENTINEL', 'REPLICAS', 'cards')).includes(`:${second}`),
  );

  const primary = async (): Promise<RedisProcess> => {
    const [, port] = (await sentinel.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'cards')) as string[];
    return servers[0].port === Number(port) ? servers[0] : servers[1];
  };
  const replica = async (): Promise<RedisProcess> =>
    (await primary()) === servers[0] ? servers[1] : servers[0];
  return {
    servers,
    url: `redis+sentinel://${REDIS_USER}:${PASSWORD}@127.0.0.1:${watch}/cards`,
    urlOf: ({ port }) => `redis://${REDIS_USER}:${PASSWORD}@127.0.0.1:${port}`,
    primary,
    replica,
    async failover() {
      const before = await primary();
      await sentinel.call('SENTINEL', 'FAILOVER', 'cards');
      await until(async () => (await primary()) !== before);
      // The Sentinel does both too, some seconds later.
      await before.admin.replicaof('127.0.0.1', (await primary()).port);
      await before.admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    },
    async inStep() {
      const { admin } = await primary();
      await until(async () => Number(await admin.call('WAIT', 1, 1_000)) === 1);
    },
    stop: () => farm.stop(),
  };
}
