import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, codeOf } from '../errors.js';
import type { Logger } from '../log.js';
import { aclRules, REDIS_USER, REPLAY_RULES } from './acl.js';
import { commandLine, end, isAlive } from './process.js';
import type { RedisServer } from './redis-server.js';

export interface PrivateRedisOptions {
  /** The folder of its files; one server a folder, which the lock of the data folder sees to. */
  dir: string;
  server: RedisServer;
  log: Logger;
  /** Lines added to redis.conf. */
  conf?: readonly string[];
}

export interface PrivateRedis {
  /** `unix://USER:PASSWORD@/PATH`: a secret. */
  readonly url: string;
  /** Changes when the server had to be started again. */
  readonly pid: number;
  stop(): Promise<void>;
}

type ServerProcess = ChildProcessByStdio<null, Readable, null>;

/** The longest path that a unix socket can have: 107 bytes on Linux, 103 on macOS. */
const MAX_SOCKET_PATH = 103;
const CONF = 'redis.conf';
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 5_000;
/** Before the first attempt to start it again; doubled for each that fails, up to the second figure. */
const RESTART_PAUSE_MS = 250;
const MAX_RESTART_PAUSE_MS = 8_000;
/** Before 7.2 a lone unix socket is announced in lower case. */
const READY = /ready to accept connections/i;

/**
 * Starts a Redis server on a unix socket that fsyncs every write, and keeps it up until `stop`. A server that a
 * killed service left behind in the same folder is stopped first. Throws AppError `config_invalid` when it can't run.
 */
export async function startPrivateRedis(options: PrivateRedisOptions): Promise<PrivateRedis> {
  const dir = resolve(options.dir);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await chmod(dir, 0o700);
  await stopOrphan(dir);

  const inDir = join(dir, 'redis.sock');
  const short =
    Buffer.byteLength(inDir) > MAX_SOCKET_PATH ? await mkdtemp(join(tmpdir(), 'tonewall-')) : null;
  const socket = short === null ? inDir : join(short, 'redis.sock');
  const password = await passwordOf(dir);
  await writePrivate(join(dir, CONF), conf(dir, socket, password, options.conf ?? []));
  const url = `unix://${REDIS_USER}:${password}@${socket}`;
  await writePrivate(privateRedisUrlFile(dir), url);

  let child = spawnServer(options.server, dir);
  // Every acknowledged write is on disk, so that a crash of ours may take the server along.
  const onExit = (): void => void child.kill('SIGKILL');
  process.once('exit', onExit);
  await untilReady(child);

  const stopping = new AbortController();
  const keepUp = async (): Promise<void> => {
    let pause = RESTART_PAUSE_MS;
    for (;;) {
      if (isRunning(child)) await once(child, 'exit');
      if (stopping.signal.aborted) return;
      options.log.error({ status: child.exitCode }, 'private redis ended: starting it again');
      await sleep(pause, null, stopping).catch(() => {});
      if (stopping.signal.aborted) return;
      child = spawnServer(options.server, dir);
      try {
        await untilReady(child);
        pause = RESTART_PAUSE_MS;
      } catch (error) {
        // Its disk is full, perhaps, or may not be written to: that passes.
        options.log.error({ code: codeOf(error) }, 'private redis does not start: trying again');
        pause = Math.min(pause * 2, MAX_RESTART_PAUSE_MS);
      }
    }
  };
  const keptUp = keepUp();

  return {
    url,
    get pid() {
      return child.pid ?? 0;
    },
    async stop() {
      stopping.abort();
      process.removeListener('exit', onExit);
      child.kill('SIGTERM');
      const deadline = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await keptUp;
      if (isRunning(child)) await once(child, 'exit');
      clearTimeout(deadline);
      await rm(privateRedisUrlFile(dir), { force: true });
      if (short !== null) await rm(short, { recursive: true, force: true });
    },
  };
}

/** The file, 0600, that holds the URL of the private Redis of a folder while it runs: for the operator's tool. */
export function privateRedisUrlFile(dir: string): string {
  return join(dir, 'url');
}

function spawnServer(server: RedisServer, dir: string): ServerProcess {
  return spawn(server.file, [join(dir, CONF)], {
    argv0: server.argv0,
    cwd: dir,
    env: { ...server.env },
    // A process group of its own: Ctrl-C in the terminal is for us, and Redis ends after us.
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

/** Rejects with AppError `config_invalid`, which says the last line of Redis's own log, when it does not come up. */
async function untilReady(child: ServerProcess): Promise<void> {
  let lastLine = '';
  await new Promise<void>((resolve, reject) => {
    const settle = (outcome: () => void): void => {
      clearTimeout(deadline);
      child.removeListener('exit', onExit);
      outcome();
    };
    const fail = (why: string): void =>
      settle(() => {
        child.kill('SIGKILL');
        reject(new AppError('config_invalid', `the private Redis did not start: ${why}`));
      });
    const onExit = (): void => fail(lastLine);
    const deadline = setTimeout(() => fail('it is not ready in time'), START_TIMEOUT_MS);
    child.once('error', (error) => fail(codeOf(error)));
    child.once('exit', onExit);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      lastLine = text.trimEnd().split('\n').at(-1)?.slice(0, 200) ?? lastLine;
      if (READY.test(text)) settle(resolve);
    });
  });
}

/** Ends the server that still lives in this folder, if it is one: a pid alone may be anybody's by now. */
async function stopOrphan(dir: string): Promise<void> {
  const pid = Number(await readText(join(dir, 'redis.pid')));
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return;
  if ((await commandLine(pid)).includes(join(dir, CONF))) await end(pid, STOP_TIMEOUT_MS);
}

/** Kept across starts, so that an address handed to another process stays right. */
async function passwordOf(dir: string): Promise<string> {
  const file = join(dir, 'password');
  const kept = await readText(file);
  if (/^[0-9a-f]{64}$/.test(kept)) return kept;
  const password = randomBytes(32).toString('hex');
  await writePrivate(file, password);
  return password;
}

function conf(dir: string, socket: string, password: string, more: readonly string[]): string {
  const sha256 = createHash('sha256').update(password).digest('hex');
  return [
    'port 0',
    `unixsocket ${quoted(socket)}`,
    'unixsocketperm 700',
    `dir ${quoted(dir)}`,
    `pidfile ${quoted(join(dir, 'redis.pid'))}`,
    'daemonize no',
    // The command line then names this file, by which a server of ours is known.
    'set-proc-title no',
    'appendonly yes',
    'appendfsync always',
    'no-appendfsync-on-rewrite no',
    'save ""',
    'maxmemory-policy noeviction',
    // Both would show arguments.
    'slowlog-log-slower-than -1',
    'crash-log-enabled no',
    `user default ${REPLAY_RULES}`,
    `user ${REDIS_USER} ${aclRules(sha256)}`,
    ...more,
    '',
  ].join('\n');
}

function quoted(path: string): string {
  return `"${path.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    return '';
  }
}

async function writePrivate(file: string, text: string): Promise<void> {
  await rm(file, { force: true });
  await writeFile(file, text, { mode: 0o600, flag: 'wx' });
}
