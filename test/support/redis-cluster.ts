import { REDIS_USER } from '../../src/redis/acl.js';
import { PASSWORD, RedisFarm, type RedisProcess } from './redis-farm.js';
import { freePorts, until } from './service.js';

const SLOTS = 16_384;
/** Silent for longer, a node is given up. */
const NODE_TIMEOUT_MS = 1_000;

/** Masters that share the slots, each with as many replicas. */
export interface RedisCluster {
  /** As the service is given it: every node is a seed. */
  readonly url: string;
  readonly nodes: readonly RedisProcess[];
  /** The node that takes the writes of a key. Rejects while its slot has none that answers. */
  ownerOf(key: string): Promise<RedisProcess>;
  /** Resolves when all nodes that run agree that all slots are served, and each replica is fed by its master. */
  sound(): Promise<void>;
  stop(): Promise<void>;
}

export async function startCluster(masters: number, replicasEach = 0): Promise<RedisCluster> {
  const farm = await RedisFarm.begin();
  const count = masters * (1 + replicasEach);
  const ports = await freePorts(2 * count);
  const nodes: RedisProcess[] = [];
  for (const [at, port] of ports.slice(0, count).entries()) {
    nodes.push(
      await farm.redis(port, [
        ...['cluster-enabled yes', `cluster-port ${ports[count + at]}`, 'cluster-announce-ip 127.0.0.1'],
        ...[`cluster-node-timeout ${NODE_TIMEOUT_MS}`, 'repl-ping-replica-period 1'],
      ]),
    );
  }
  const [first] = nodes;
  const info = ({ admin }: RedisProcess) => admin.info('replication');
  const agree = async (node: RedisProcess): Promise<boolean> =>
    (await node.admin.cluster('INFO')).includes('cluster_state:ok') &&
    !/^master_link_status:down/m.test(await info(node));

  for (const [at, { admin, port }] of nodes.entries()) {
    await admin.call('CLUSTER', 'SET-CONFIG-EPOCH', at + 1);
    if (at < masters) {
      const [from, to] = [at, at + 1].map((part) => Math.ceil((part * SLOTS) / masters));
      await admin.call('CLUSTER', 'ADDSLOTSRANGE', from ?? 0, (to ?? 0) - 1);
    }
    if (at > 0) await first?.admin.call('CLUSTER', 'MEET', '127.0.0.1', port, ports[count + at] ?? 0);
  }
  for (const { admin } of nodes) {
    await until(async () => (await admin.cluster('INFO')).includes(`cluster_known_nodes:${count}\r`));
  }
  for (const [at, { admin }] of nodes.slice(masters).entries()) {
    const master = await nodes[at % masters]?.admin.call('CLUSTER', 'MYID');
    await until(
      async () => (await admin.call('CLUSTER', 'REPLICATE', String(master)).catch(String)) === 'OK',
    );
  }

  const cluster: RedisCluster = {
    url: ports
      .slice(0, count)
      .map((port) => `redis://${REDIS_USER}:${PASSWORD}@127.0.0.1:${port}`)
      .join(),
    nodes,
    async ownerOf(key) {
      for (const node of nodes) {
        const answer = await node.admin.exists(key).then(() => 'mine', String);
        if (answer === 'mine') return node;
      }
      throw new Error(`no node of the cluster has ${key}`);
    },
    sound: () => until(async () => (await Promise.all(nodes.map(agree))).every(Boolean), 20_000),
    stop: () => farm.stop(),
  };
  await cluster.sound();
  return cluster;
}
