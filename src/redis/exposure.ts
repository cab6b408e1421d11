import { codeOf } from '../errors.js';
import type { RedisNodes } from './durability.js';
import { isLocal, isLoopback, type RedisAddress } from './redis-address.js';

/** One line where a Redis keeps what it was sent in a log that others may read. Says nothing where it can't be known. */
export async function unsafeRedis(redis: RedisNodes): Promise<string[]> {
  const thresholds = await settingsOf(redis, 'slowlog-log-slower-than');
  return thresholds.some((microseconds) => Number(microseconds) >= 0)
    ? ['REDIS_URL: Redis needs "slowlog-log-slower-than -1" in redis.conf: else it keeps what it was sent']
    : [];
}

/** One line for each server that is reached in clear over a network: Sentinels and clusters say themselves where. */
export function plainPeers(peers: readonly string[], { tls }: RedisAddress): string[] {
  const away = tls ? [] : peers.filter((host) => !isLoopback(host));
  return away.map((host) => `REDIS_URL: the connection to ${host} is not encrypted: use rediss://`);
}

/** The folders where a Redis on this machine keeps its data; none for another machine's. */
export async function dataDirs(redis: RedisNodes, address: RedisAddress): Promise<string[]> {
  return isLocal(address) ? settingsOf(redis, 'dir') : [];
}

async function settingsOf(redis: RedisNodes, name: string): Promise<string[]> {
  try {
    const replies = await redis.everyNode('CONFIG', 'GET', name);
    return replies.flatMap((reply) => (Array.isArray(reply) && reply.length === 2 ? [String(reply[1])] : []));
  } catch (error) {
    if (codeOf(error) === 'internal') return [];
    throw error;
  }
}
