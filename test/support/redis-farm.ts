import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis as Client } from 'ioredis';
import { aclRules, REDIS_USER, REPLAY_RULES } from '../../src/redis/acl.js';
import { findRedisServer, type RedisServer } from '../../src/redis/redis-server.js';

export const PASSWORD = 'for-tests';

const DURABLE = ['appendonly yes', 'appendfsync always', 'save ""', 'maxmemory-policy noeviction'];
const USERS = [
  `user default ${REPLAY_RULES}`,
  `user admin on >${PASSWORD} ~* &* +@all`,
  `user ${REDIS_USER} ${aclRules(createHash('sha256').update(PASSWORD).digest('hex'))}`,
];
/** How a replica gets in, and that it need not wait for others. */
const REPLICATION = ['masteruser admin', `masterauth ${PASSWORD}`, 'repl-diskless-sync-delay 0'];

/** A real Redis on a port, as operators run it: the service's user, and one who may do everything. */
export interface RedisProcess {
  readonly port: number;
  /** The folder of its files. */
  readonly dir: string;
  readonly admin: Client;
  signal(name: NodeJS.Signals): void;
  /** SIGKILL; resolves when it has ended. */
  kill(): Promise<void>;
  /** Starts it again on the files that it left. */
  start(): void;
}

/** The servers of one test: their files are in one folder, and they end together. */
export class RedisFarm {
  readonly #dir: string;
  readonly #server: RedisServer;
  readonly #children = new Set<ChildProcess>();
  readonly #clients: Client[] = [];

  private constructor(dir: string, server: RedisServer) {
    this.#dir = dir;
    this.#server = server;
  }

  /** Of the Redis that every test has, unless another is given. */
  static async begin(server?: RedisServer): Promise<RedisFarm> {
    const ordinary = { configured: process.env['REDIS_SERVER'], path: process.env['PATH'] ?? '' };
    return new RedisFarm(
      await mkdtemp(join(tmpdir(), 'tw-')),
      server ?? findRedisServer({ ...ordinary, root: process.cwd() }),
    );
  }

  /** A server with these lines in its settings; `env` is added to its environment, once its folder is there. */
  async redis(
    port: number,
    conf: readonly string[] = [],
    env: (dir: string) => NodeJS.ProcessEnv = () => ({}),
  ): Promise<RedisProcess> {
    const lines = [...DURABLE, ...USERS, ...REPLICATION, ...conf];
    const { dir, start } = await this.#prepare(port, this.#server.argv0, lines, env);
    const admin = this.client(port, { username: 'admin', password: PASSWORD });
    let child = start();
    return {
      ...{ port, dir, admin },
      signal: (name) => void child.kill(name),
      kill: () => killed(child),
      start: () => void (child = start()),
    };
  }

  /** A Sentinel with these lines; gives a connection to it. */
  async sentinel(port: number, conf: readonly string[]): Promise<Client> {
    const { start } = await this.#prepare(port, this.#server.argv0.replace('server', 'sentinel'), conf);
    start();
    return this.client(port);
  }

  client(port: number, login = {}): Client {
    const made = new Client({ port, disconnectTimeout: 200, retryStrategy: () => 50, ...login });
    made.on('error', () => {});
    this.#clients.push(made);
    return made;
  }

  async stop(): Promise<void> {
    for (const made of this.#clients) made.disconnect();
    await Promise.all([...this.#children].map(killed));
    await rm(this.#dir, { recursive: true, force: true });
  }

  async #prepare(
    port: number,
    argv0: string,
    conf: readonly string[],
    env: (dir: string) => NodeJS.ProcessEnv = () => ({}),
  ) {
    const dir = join(this.#dir, String(port));
    await mkdir(dir);
    const file = join(dir, 'redis.conf');
    await writeFile(file, [`port ${port}`, 'bind 127.0.0.1', `dir ${dir}`, ...conf, ''].join('\n'));
    const options = { argv0, env: { ...this.#server.env, ...env(dir) }, stdio: 'ignore' } as const;
    const start = (): ChildProcess => {
      const child = spawn(this.#server.file, [file], options);
      this.#children.add(child);
      return child;
    };
    return { dir, start };
  }
}

async function killed(child: ChildProcess): Promise<void> {
  if ((child.exitCode ?? child.signalCode) !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
