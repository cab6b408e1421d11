import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis as Client } from 'ioredis';
import { aclRules, REDIS_USER, REPLAY_RULES } from '../../src/redis/acl.js';
import { findRedisServer } from '../../src/redis/redis-server.js';

import { freePorts, until } from './service.js';

const PASSWORD = 'for-tests';
const DURABLE = ['appendonly yes', 'appendfsync always', 'save ""', 'maxmemory-policy noeviction'];

/** A real Redis on a port, as operators run it: the service's user, and one who may do everything. */
export interface RedisProcess {
  readonly port: number;
  readonly admin: Client;
  signal(name: NodeJS.Signals): void;
}

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

export async function startWatched(): Promise<Watched> {
  const dir = await mkdtemp(join(tmpdir(), 'tw-'));
  const [first = 0, second = 0, watch = 0] = await freePorts(3);
  const children: ChildProcess[] = [];
  const clients: Client[] = [];
  const client = (port: number, login = {}): Client => {
    const made = new Client({ port, disconnectTimeout: 200, retryStrategy: () => 50, ...login });
    made.on('error', () => {});
    clients.push(made);
    return made;
  };
  const start = async (port: number, argv0: string, conf: readonly string[]): Promise<ChildProcess> => {
    const folder = join(dir, String(port));
    await mkdir(folder);
    const file = join(folder, 'redis.conf');
    await writeFile(file, [`port ${port}`, 'bind 127.0.0.1', `dir ${folder}`, ...conf, ''].join('\n'));
    const server = findRedisServer({ path: process.env['PATH'] ?? '', root: process.cwd() });
    const child = spawn(server.file, [file], { argv0, env: { ...server.env }, stdio: 'ignore' });
    children.push(child);
    return child;
  };
  const redis = async (port: number, conf: readonly string[]): Promise<RedisProcess> => {
    const users = [
      `user default ${REPLAY_RULES}`,
      `user admin on >${PASSWORD} ~* &* +@all`,
      `user ${REDIS_USER} ${aclRules(createHash('sha256').update(PASSWORD).digest('hex'))}`,
    ];
    const login = ['masteruser admin', `masterauth ${PASSWORD}`, 'repl-diskless-sync-delay 0'];
    const child = await start(port, 'redis-server', [...DURABLE, ...users, ...login, ...conf]);
    const admin = client(port, { username: 'admin', password: PASSWORD });
    return { port, admin, signal: (name) => void child.kill(name) };
  };

  const servers = [await redis(first, []), await redis(second, [`replicaof 127.0.0.1 ${first}`])] as const;
  const linked = async (): Promise<boolean> =>
    (await servers[1].admin.info('replication')).includes('link_status:up');
  await until(linked);
  await start(watch, 'redis-sentinel', [
    `sentinel monitor cards 127.0.0.1 ${first} 1`,
    'sentinel auth-user cards admin',
    `sentinel auth-pass cards ${PASSWORD}`,
    'sentinel down-after-milliseconds cards 400',
    'sentinel failover-timeout cards 3000',
  ]);
  const sentinel = client(watch);
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
    async stop() {
      for (const made of clients) made.disconnect();
      const running = children.filter(({ exitCode, signalCode }) => (exitCode ?? signalCode) === null);
      const ended = running.map((child) => once(child, 'exit'));
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(ended);
      await rm(dir, { recursive: true, force: true });
    },
  };
}
