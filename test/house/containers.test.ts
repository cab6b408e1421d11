import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis as Client } from 'ioredis';
import { parse } from 'yaml';
import { systemClock } from '../../src/clock.js';
import { readConfig, SETTING_NAMES } from '../../src/config.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import { aclRules, REPLAY_RULES } from '../../src/redis/acl.js';
import { checkAddress, checkDurability } from '../../src/redis/durability.js';
import { parseRedisUrl } from '../../src/redis/redis-address.js';
import { RedisClient } from '../../src/redis/redis-client.js';
import { findRedisServer } from '../../src/redis/redis-server.js';
import { untilReady } from '../support/redis.js';

interface Service {
  environment?: Record<string, string>;
  volumes?: (string | { source: string; target: string })[];
  [member: string]: unknown;
}
interface Compose {
  services: Record<'tonewall' | 'redis' | 'keys', Service>;
  volumes: Record<string, unknown>;
}

const compose = parse(read('compose.yaml'), { merge: true }) as Compose;
const { tonewall, redis, keys } = compose.services;
/** As Compose makes it from the template. */
const redisUrl = (tonewall.environment?.['REDIS_URL'] ?? '').replace(/\$\{REDIS_PASSWORD:[^}]*\}/, 'secret');

/** Instructions of the Dockerfile, continued lines joined. */
const steps = read('Dockerfile')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => ({ name: line.split(' ')[0] ?? '', text: line.slice(line.indexOf(' ') + 1) }));
const last = steps.slice(steps.findLastIndex(({ name }) => name === 'FROM'));

describe('the Dockerfile', () => {
  it('runs node directly, with no shell', () => {
    expect(last.filter(({ name }) => name === 'CMD')).toEqual([
      { name: 'CMD', text: '["node", "--enable-source-maps", "--disable-proto=delete", "dist/main.js"]' },
    ]);
    expect(last.some(({ name }) => name === 'ENTRYPOINT')).toBe(false);
    expect(last.find(({ name }) => name === 'HEALTHCHECK')?.text).toContain('CMD ["node",');
  });

  it('is Node 24 on both floors', () => {
    expect(steps.filter(({ name }) => name === 'FROM').map(({ text }) => text)).toEqual([
      'node:24-bookworm-slim AS build',
      'node:24-bookworm-slim',
    ]);
  });

  it('is not root, and becomes so before anything runs', () => {
    expect(last.filter(({ name }) => name === 'USER').map(({ text }) => text)).toEqual(['1000:1000']);
    const after = last.slice(last.findIndex(({ name }) => name === 'USER')).map(({ name }) => name);
    expect(after).not.toContain('RUN');
  });

  it('keeps data in DATA_DIR alone', () => {
    expect(last.filter(({ name }) => name === 'VOLUME').map(({ text }) => text)).toEqual(['/data']);
    expect(last.find(({ name }) => name === 'ENV')?.text).toContain('DATA_DIR=/data');
  });

  it('copies what is there and what .dockerignore lets in', () => {
    const copied = steps
      .filter(({ name, text }) => name === 'COPY' && !text.startsWith('--from'))
      .flatMap(({ text }) => text.split(' ').slice(0, -1));
    const letIn = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    expect(new Set(copied)).toEqual(new Set(letIn));
    expect(copied.filter((path) => !existsSync(path))).toEqual([]);
  });
});

describe('the health check', () => {
  let server: Server;
  let status = 200;
  let env: { PORT: string };

  beforeAll(async () => {
    server = createServer((request, response) => {
      response.statusCode = request.url === '/healthz' ? status : 404;
      response.end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    env = { PORT: String((server.address() as AddressInfo).port) };
  });

  afterAll(() => void server.close());

  it.each([
    [200, 0],
    [503, 1],
  ])('of a service that answers %i ends with %i', async (answered, code) => {
    status = answered;
    expect(await healthcheck(env)).toBe(code);
  });

  it('of a service that is not there ends with 1', async () => {
    expect(await healthcheck({ PORT: '1' })).toBe(1);
  });

  it('speaks TLS where the service does', async () => {
    status = 200;
    expect(await healthcheck({ ...env, TLS_CERT_FILE: 'tls.pem' })).toBe(1);
  });
});

describe('compose.yaml', () => {
  it('hardens every service alike', () => {
    for (const service of [tonewall, redis, keys]) {
      expect(service).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        ulimits: { core: 0 },
      });
    }
  });

  it('sets only settings that exist', () => {
    const names = Object.keys(tonewall.environment ?? {});
    expect(names).toContain('REDIS_URL');
    expect(names.filter((name) => !(SETTING_NAMES as readonly string[]).includes(name))).toEqual([]);
  });

  it('sets what a live service starts with', () => {
    const { config, warnings } = readConfig({
      ...{ PUBLIC_URL: 'https://voice.example.com', TWILIO_AUTH_TOKEN: '0123456789abcdef0123456789abcdef' },
      TWILIO_ACCOUNT_SID: `AC${'0123456789abcdef'.repeat(2)}`,
      ...tonewall.environment,
      REDIS_URL: redisUrl,
    });
    expect(config).toMatchObject({ live: true, port: 8080, vaultKeyFile: '/keys/vault-keys.json' });
    expect(warnings).toEqual([]);
  });

  it('keeps keys and what they seal on volumes apart', () => {
    expect(mounts(tonewall)).toEqual({ '/data': 'data', '/keys': 'keys', '/run/redis': 'redis-socket' });
    expect(mounts(redis)).toMatchObject({ '/data': 'redis-data', '/run/redis': 'redis-socket' });
    expect(Object.values(mounts(redis))).not.toContain('keys');
    expect(mounts(keys)).toEqual({ '/data': 'data', '/keys': 'keys', '/run/redis': 'redis-socket' });
    expect(tonewall.volumes).toContain('keys:/keys:ro');
    expect(tonewall.environment?.['VAULT_KEY_FILE']).toBe((keys['command'] as string[]).at(-1));
  });

  it('seals the keys with a secret that is on no volume, for the service and the operator', () => {
    for (const { environment, secrets } of [tonewall, keys]) {
      expect(environment).toMatchObject({
        VAULT_KEY_SEAL: 'passphrase',
        VAULT_KEY_PASSPHRASE_FILE: '/run/secrets/vault-passphrase',
      });
      expect(secrets).toEqual(['vault-passphrase']);
    }
    expect(read('.gitignore')).toContain('\ndeploy/vault-passphrase\n');
  });

  it('gives Redis no network and the service its socket', () => {
    expect(redis['network_mode']).toBe('none');
    const [group] = tonewall['group_add'] as string[];
    expect(redis['user']).toBe(`${group}:${group}`);
    expect(parseRedisUrl(redisUrl)).toEqual({
      ...{ path: '/run/redis/redis.sock', nodes: [], sentinel: null, tls: false },
      ...{ username: 'tonewall', password: 'secret' },
    });
    expect(() => checkAddress(parseRedisUrl(redisUrl), { live: true, log: silentLogger })).not.toThrow();
    expect(read('deploy/redis/redis.conf')).toContain('\nunixsocket /run/redis/redis.sock\n');
  });

  it('waits longer than the service drains', () => {
    expect(tonewall['stop_grace_period']).toBe('11m');
  });

  it('publishes nothing beyond the host', () => {
    expect(tonewall['ports']).toEqual(['127.0.0.1:8080:8080']);
  });
});

describe('the example of users.acl', () => {
  it('is the user that the service has elsewhere, and no other', () => {
    expect(read('deploy/redis/users.acl.example')).toBe(
      `user default ${REPLAY_RULES}\nuser tonewall ${aclRules('PASSWORD_SHA256')}\n`,
    );
  });
});

const server = foundServer();
(server === null ? describe.skip : describe)('redis with deploy/redis/redis.conf', () => {
  const password = randomBytes(32).toString('hex');
  let dir: string;
  let child: ChildProcess;
  let user: Client;
  let url: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tw-'));
    const hash = createHash('sha256').update(password).digest('hex');
    const users = read('deploy/redis/users.acl.example').replace('PASSWORD_SHA256', hash);
    await writeFile(join(dir, 'users.acl'), users);
    const socket = join(dir, 'redis.sock');
    const conf = read('deploy/redis/redis.conf')
      .replace('/run/redis/redis.sock', socket)
      .replace('dir /data', `dir ${dir}`)
      .replace('/etc/redis/users.acl', join(dir, 'users.acl'));
    await writeFile(join(dir, 'redis.conf'), conf);
    child = await started(dir);
    url = `unix://tonewall:${password}@${socket}`;
    user = new Client({ path: socket, username: 'tonewall', password });
    user.on('error', () => {});
  });

  afterAll(async () => {
    user.disconnect();
    await killed(child);
    await rm(dir, { recursive: true, force: true });
  });

  it('passes the check that the service makes at its start', async () => {
    const client = new RedisClient({
      ...{ address: parseRedisUrl(url), clock: systemClock, log: silentLogger, metrics: createMetrics() },
    });
    try {
      await untilReady(client);
      await checkDurability(client, { declared: false, log: silentLogger });
    } finally {
      await client.close();
    }
  });

  it('lets the user do its work on its own keys', async () => {
    expect(await user.call('SET', 'tw:test', 'value')).toBe('OK');
    expect(await user.call('GET', 'tw:test')).toBe('value');
    expect(await user.call('EVAL', "return redis.call('DEL', KEYS[1])", '1', 'tw:test')).toBe(1);
  });

  it.each([
    ['GET', 'other'],
    ['KEYS', '*'],
    ['MONITOR'],
    ['CONFIG', 'SET', 'appendfsync', 'no'],
    ['SLOWLOG', 'GET'],
    ['CLIENT', 'LIST'],
    ['ACL', 'LIST'],
    ['BGREWRITEAOF'],
    ['FLUSHALL'],
    ['SHUTDOWN'],
    ['REPLICAOF', '127.0.0.1', '1'],
    ['DUMP', 'tw:test'],
  ])('refuses the user %s', async (name, ...args) => {
    await expect(user.call(name, ...args)).rejects.toThrow(/^NOPERM/);
  });

  it('knows nobody else', async () => {
    const nobody = new Client({ path: join(dir, 'redis.sock'), lazyConnect: true, retryStrategy: null });
    nobody.on('error', () => {});
    await expect(nobody.call('GET', 'tw:test')).rejects.toThrow(/^NOAUTH/);
    nobody.disconnect();
  });

  it('has after a kill what it acknowledged before', async () => {
    // Two writes of one script stand in the AOF as a transaction.
    const script = "redis.call('SET', KEYS[1], 'value') return redis.call('INCR', KEYS[2])";
    await user.call('EVAL', script, '2', 'tw:kept', 'tw:count');
    await killed(child);
    child = await started(dir);
    await once(user, 'ready');
    expect(await user.call('GET', 'tw:kept')).toBe('value');
  });

  it('listens on no port', async () => {
    expect(await user.call('CONFIG', 'GET', 'port')).toEqual(['port', '0']);
  });
});

function mounts({ volumes = [] }: Service): Record<string, string> {
  return Object.fromEntries(
    volumes.map((volume) => {
      const { source, target } = typeof volume === 'string' ? split(volume) : volume;
      return [target, source];
    }),
  );
}

function split(volume: string): { source: string; target: string } {
  const [source = '', target = ''] = volume.split(':');
  return { source, target };
}

async function healthcheck(env: Record<string, string>): Promise<number> {
  const child = spawn(process.execPath, ['deploy/healthcheck.mjs'], { env, stdio: 'ignore' });
  const [code] = (await once(child, 'exit')) as [number];
  return code;
}

function foundServer(): ReturnType<typeof findRedisServer> | null {
  try {
    const { REDIS_SERVER: configured, PATH: path = '' } = process.env;
    return findRedisServer({ configured, path, root: process.cwd() });
  } catch {
    console.warn('No Redis server was found: its configuration is not tried.');
    return null;
  }
}

async function started(dir: string): Promise<ChildProcess> {
  const child = spawn(server?.file ?? '', [join(dir, 'redis.conf')], {
    argv0: server?.argv0,
    env: { ...server?.env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await new Promise<void>((resolve, reject) => {
    let said = '';
    child.once('exit', () => reject(new Error(`Redis did not start: ${said}`)));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (/ready to accept connections/i.test(said)) resolve();
    });
  });
  return child;
}

async function killed(child: ChildProcess): Promise<void> {
  const over = once(child, 'exit');
  child.kill('SIGKILL');
  await over;
}

function read(path: string): string {
  return readFileSync(path, 'utf8');
}
