import { KEY_PREFIX } from '../redis/keys.js';
import type { RedisNode, RedisServers } from '../redis/redis.js';
import { SEALED_ROWS } from './row-keys.js';

const COUNT_STEP = 1_000;
const NODE_PREFIX = `${KEY_PREFIX}vault-node:`;
/** A node that has not said for so long what it seals with is gone. */
const NODE_TTL_S = 15;

/** One step of a walk over a server: the keys found, and where it goes on (`0`: nowhere). */
export async function scan(
  node: RedisNode,
  cursor: string,
  pattern: string,
  count: number,
): Promise<{ cursor: string; keys: string[] }> {
  const reply = await node.command('SCAN', cursor, 'MATCH', pattern, 'COUNT', count);
  const [next, keys] = Array.isArray(reply) ? reply : [];
  return { cursor: String(next ?? '0'), keys: Array.isArray(keys) ? keys.map(String) : [] };
}

/** Sealed cards by the version that seals their keys: a full walk. `progress` is told how many there were so far. */
export async function countByVersion(
  redis: RedisServers,
  progress: (rows: number) => void,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  let rows = 0;
  for await (const keys of walk(redis, SEALED_ROWS)) {
    const versions = await Promise.all(keys.map((key) => redis.command('HGET', key, 'k')));
    for (const version of versions) {
      if (typeof version === 'string') counts.set(version, (counts.get(version) ?? 0) + 1);
    }
    rows += keys.length;
    progress(rows);
  }
  return counts;
}

/** Says with which version a node seals, for a while. */
export async function sayVersion(redis: RedisServers, node: string, version: string): Promise<void> {
  await redis.command('SET', NODE_PREFIX + node, version, 'EX', NODE_TTL_S);
}

/** Nodes that seal with a version now. */
export async function nodesSealingWith(redis: RedisServers, version: string): Promise<number> {
  let nodes = 0;
  for await (const keys of walk(redis, `${NODE_PREFIX}*`)) {
    const said = await Promise.all(keys.map((key) => redis.command('GET', key)));
    nodes += said.filter((other) => other === version).length;
  }
  return nodes;
}

async function* walk(redis: RedisServers, pattern: string): AsyncGenerator<string[]> {
  for (const node of redis.masters()) {
    let cursor = '0';
    do {
      const step = await scan(node, cursor, pattern, COUNT_STEP);
      ({ cursor } = step);
      yield step.keys;
    } while (cursor !== '0');
  }
}
