import { Cluster, Redis as Client } from 'ioredis';
import type { RedisAddress } from './redis-address.js';

export type Connection = Client | Cluster;

/** How a connection behaves while Redis is away; the names are ioredis's. */
interface Patience {
  enableOfflineQueue?: boolean;
  autoResendUnfulfilledCommands?: boolean;
  maxRetriesPerRequest: number | null;
  commandTimeout?: number;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** A stopped Redis never closes its end. */
const DISCONNECT_TIMEOUT_MS = 200;
/** Pause before attempt `n` to connect again: from 50 ms, never above this, for ever. */
const MAX_RETRY_PAUSE_MS = 1_000;

/** A connection that keeps coming back. The caller listens to `error`, else a restart of Redis is printed. */
export function connect(address: RedisAddress, patience: Patience): Connection {
  const each = {
    ...patience,
    ...(address.username === null ? {} : { username: address.username }),
    ...(address.password === null ? {} : { password: address.password }),
    ...(address.tls ? { tls: {} } : {}),
    protocol: 2 as const,
    connectTimeout: CONNECT_TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    disableClientInfo: true,
  };
  if (address.sentinel !== null) {
    const { name, username, password } = address.sentinel;
    // Not with ioredis's failoverDetector: a failover that is announced while it connects makes it give up for good.
    return new Client({
      ...each,
      ...{ name, role: 'master', sentinels: [...address.nodes] },
      ...(username === null ? {} : { sentinelUsername: username }),
      ...(password === null ? {} : { sentinelPassword: password }),
      ...(address.tls ? { sentinelTLS: {}, enableTLSForSentinelMode: true } : {}),
      sentinelRetryStrategy: pause,
      retryStrategy: pause,
    });
  }
  if (address.nodes.length > 1) {
    const { enableOfflineQueue = true, ...redisOptions } = each;
    return new Cluster([...address.nodes], { redisOptions, clusterRetryStrategy: pause, enableOfflineQueue });
  }
  const place = address.path === null ? address.nodes[0] : { path: address.path };
  return new Client({ ...each, ...place, retryStrategy: pause });
}

/**
 * A connection for BullMQ: it waits for Redis instead of failing, as its workers demand. Nothing secret goes this way.
 */
export function connectForQueue(address: RedisAddress): Connection {
  const connection = connect(address, { maxRetriesPerRequest: null });
  connection.on('error', () => {});
  return connection;
}

function pause(attempt: number): number {
  return Math.min(50 * 2 ** Math.min(attempt, 10), MAX_RETRY_PAUSE_MS);
}
