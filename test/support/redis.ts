import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis as Client } from 'ioredis';
import { systemClock } from '../../src/clock.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import { startPrivateRedis, type PrivateRedis } from '../../src/redis/private-redis.js';
import { isAlive } from '../../src/redis/process.js';
import { parseRedisUrl } from '../../src/redis/redis-address.js';
import { RedisClient, type RedisClientOptions } from '../../src/redis/redis-client.js';
import { findRedisServer } from '../../src/redis/redis-server.js';

/** A real Redis for one test file: the service's own private server, and a user who may do everything. */
export interface TestRedis {
  /** As the service is given it: the user bound to our keys. */
  readonly url: string;
  /** The folder with its AOF. */
  readonly dir: string;
  /** A connection with every right: for DUMP, MONITOR, CONFIG SET, ACL LOG. */
  readonly admin: Client;
  /** A client as the service has it, ready; closed by `stop`. */
  client(options?: Partial<RedisClientOptions>): Promise<RedisClient>;
  /** SIGSTOP: connections stay and nothing answers. */
  pause(): void;
  resume(): void;
  /** SIGKILL, at any moment; the server is started again by itself. */
  kill(): void;
  stop(): Promise<void>;
}

export interface TestRedisOptions {
  /** Lines added to redis.conf; the last one of a name counts. */
  conf?: readonly string[];
  /** Added to the environment of the server, each time that it starts. */
  env?: Readonly<Record<string, string>>;
  /** The folder of its files; a fresh one unless given. It is removed in the end. */
  dir?: string;
}

export async function startTestRedis(options: TestRedisOptions = {}): Promise<TestRedis> {
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'tw-')));
  const password = randomBytes(16).toString('hex');
  const found = findRedisServer({
    configured: process.env['REDIS_SERVER'],
    path: process.env['PATH'] ?? '',
    root: process.cwd(),
  });
  const server: PrivateRedis = await startPrivateRedis({
    dir,
    server: { ...found, env: { ...found.env, ...options.env } },
    log: silentLogger,
    conf: [`user admin on >${password} ~* &* +@all`, ...(options.conf ?? [])],
  });
  const address = parseRedisUrl(server.url);
  const admin = new Client({ path: address.path ?? '', username: 'admin', password, disconnectTimeout: 200 });
  admin.on('error', () => {});
  const clients: RedisClient[] = [];
  return {
    url: server.url,
    dir,
    admin,
    async client(options = {}) {
      const client = new RedisClient({
        address,
        clock: systemClock,
        log: silentLogger,
        metrics: createMetrics(),
        ...options,
      });
      clients.push(client);
      await untilReady(client);
      return client;
    },
    pause: () => void process.kill(server.pid, 'SIGSTOP'),
    resume: () => void process.kill(server.pid, 'SIGCONT'),
    kill: () => void process.kill(server.pid, 'SIGKILL'),
    async stop() {
      for (const client of clients) await client.close();
      admin.disconnect();
      const { pid } = server;
      const stopped = server.stop();
      if (isAlive(pid)) process.kill(pid, 'SIGKILL');
      await stopped;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Resolves when the client says that Redis answers (or, with false, no longer answers). */
export function untilReady(client: RedisClient, ready = true): Promise<void> {
  return new Promise((resolve) => {
    if (client.ready === ready) return resolve();
    const unwatch = client.watch((now) => {
      if (now !== ready) return;
      unwatch();
      resolve();
    });
  });
}
