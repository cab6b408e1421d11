import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createKeyFile } from '../../src/vault/key-file.js';
import { PassphraseSeal } from '../../src/vault/passphrase-seal.js';
import { theBuild, type Build } from '../support/build.js';
import { ACCOUNT_SID, AUTH_TOKEN } from '../support/carrier.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';
import { freePorts } from '../support/service.js';

let build: Build;
let dir: string;
let redis: TestRedis;
let env: Record<string, string>;
beforeAll(async () => {
  build = await theBuild();
  dir = await mkdtemp(join(tmpdir(), 'tonewall-start-'));
  redis = await startTestRedis();
  const passphraseFile = join(dir, 'passphrase');
  await writeFile(passphraseFile, 'a passphrase for tests', { mode: 0o600 });
  const seal = new PassphraseSeal({ path: passphraseFile });
  await createKeyFile(join(dir, 'keys.json'), '2026-11-21T00:00:00.000Z', seal);
  const [port, metricsPort] = await freePorts(2);
  env = {
    HOST: '127.0.0.1',
    PORT: String(port),
    METRICS_PORT: String(metricsPort),
    PUBLIC_URL: 'https://voice.example.com',
    DATA_DIR: join(dir, 'data'),
    REDIS_URL: redis.url,
    VAULT_KEY_FILE: join(dir, 'keys.json'),
    VAULT_KEY_SEAL: 'passphrase',
    VAULT_KEY_PASSPHRASE_FILE: passphraseFile,
    TWILIO_ACCOUNT_SID: ACCOUNT_SID,
    TWILIO_AUTH_TOKEN: AUTH_TOKEN,
    AGENT_DIAL_TO: 'sip:agent@sandbox.invalid',
    LOG_LEVEL: 'info',
  };
});
afterAll(async () => {
  await redis.stop();
  await rm(dir, { recursive: true, force: true });
});

interface Start {
  /** What it wrote, until it ended or said that it is ready and was then ended. */
  output: string;
  code: number | null;
}

/** Starts what is built as a shell command, with these settings and flags. */
async function start(more: Record<string, string> = {}, flags = '', before = 'ulimit -c 0'): Promise<Start> {
  const command = `${before}; exec "${process.execPath}" ${flags} "${join(build.root, 'dist/main.js')}"`;
  const child = spawn('sh', ['-c', command], {
    cwd: dir,
    env: { PATH: process.env['PATH'], ...env, ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (!output.includes('redis is durable: ready')) return;
      // Node.js opens its inspector to whoever sends this, unless somebody listens.
      child.kill('SIGUSR1');
      setTimeout(() => child.kill('SIGINT'), 100).unref();
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { output, code };
}

/** What it is given that nobody else may know. */
const secrets = () => ['a passphrase for tests', AUTH_TOKEN, redis.url.split(':')[2]?.split('@')[0] ?? ''];

/** What it says of its own: neither its log, nor what Node.js writes. */
const lines = ({ output }: Start): string[] =>
  output.split('\n').filter((line) => !/^(\{|Debugger|For help|$)/.test(line));

describe('a live start', () => {
  it('A42: goes well with nothing unsafe, SIGUSR1 opens no inspector, and LOG_LEVEL=trace tells no secret', async () => {
    const { output, code } = await start({ LOG_LEVEL: 'trace' });
    expect(output).toContain('redis is durable: ready');
    expect(output).not.toMatch(/unsafe|Debugger/);
    expect(secrets().filter((secret) => output.includes(secret))).toEqual([]);
    expect(code).toBe(0);
  }, 30_000);

  it('A42: is refused with everything that is unsafe about the process, a line each', async () => {
    const refused = await start(
      { DEBUG: 'ioredis:*', NODE_OPTIONS: '--max-old-space-size=300', DATA_DIR: dir },
      '--inspect=0 --heapsnapshot-signal=SIGUSR2 --report-on-signal',
      'ulimit -c unlimited',
    );
    expect(refused.code).toBe(1);
    expect(lines(refused)).toEqual([
      expect.stringMatching(/^--inspect=0 opens all memory/),
      expect.stringMatching(/^--heapsnapshot-signal=SIGUSR2 /),
      expect.stringMatching(/^--report-on-signal /),
      expect.stringMatching(/^the inspector is open/),
      expect.stringMatching(/^NODE_OPTIONS /),
      expect.stringMatching(/^DEBUG prints what is sent to Redis/),
      expect.stringMatching(/^core dumps are on/),
      expect.stringMatching(/^VAULT_KEY_FILE lies beside the cards/),
      expect.stringMatching(/^VAULT_KEY_PASSPHRASE_FILE lies beside the cards/),
    ]);
  }, 30_000);

  it('A41: is refused with the keys beside the data of Redis, or its slow log on', async () => {
    const path = join(redis.dir, 'keys.json');
    await cp(join(dir, 'keys.json'), path);
    await redis.admin.config('SET', 'slowlog-log-slower-than', '10000');
    const refused = await start({ VAULT_KEY_FILE: path });
    await redis.admin.config('SET', 'slowlog-log-slower-than', '-1');
    expect(refused.code).toBe(1);
    expect(lines(refused)).toEqual([
      expect.stringMatching(/^REDIS_URL: Redis needs "slowlog-log-slower-than -1"/),
      expect.stringMatching(/^VAULT_KEY_FILE lies beside the cards/),
    ]);
  }, 30_000);

  it.each<[string, () => Promise<Record<string, string>>, RegExp[]]>([
    [
      'a public URL that is not https',
      async () => ({ PUBLIC_URL: 'http://voice.example.com' }),
      [/^PUBLIC_URL is not https/],
    ],
    [
      'a Redis over the network in clear, as its default user',
      async () => ({ REDIS_URL: 'redis://10.1.2.3' }),
      [
        /^REDIS_URL: the connection is not encrypted/,
        /^REDIS_URL: the connection speaks as the default user/,
      ],
    ],
    [
      'a key file that others may read',
      async () => {
        const path = join(dir, 'readable.json');
        await cp(join(dir, 'keys.json'), path);
        await chmod(path, 0o644);
        return { VAULT_KEY_FILE: path };
      },
      [/^VAULT_KEY_FILE can be read by others: chmod 600 /],
    ],
    [
      'a passphrase that others may read',
      async () => {
        const path = join(dir, 'readable');
        await cp(join(dir, 'passphrase'), path);
        await chmod(path, 0o640);
        return { VAULT_KEY_PASSPHRASE_FILE: path };
      },
      [/^VAULT_KEY_PASSPHRASE_FILE can be read by others: chmod 600 /],
    ],
    [
      'keys that were swapped for others of the same names',
      async () => {
        const path = join(dir, 'swapped.json');
        await createKeyFile(
          path,
          '2026-11-21T00:00:00.000Z',
          new PassphraseSeal({ path: join(dir, 'passphrase') }),
        );
        // The audit trail would notice first.
        return { VAULT_KEY_FILE: path, DATA_DIR: join(dir, 'other-data') };
      },
      [/^VAULT_KEY_FILE: key k1 is not the one that this Redis was filled with/],
    ],
  ])('A41: is refused with %s', async (_what, unsafe, refusals) => {
    const refused = await start(await unsafe());
    expect(refused.code).toBe(1);
    expect(lines(refused)).toEqual(refusals.map((line) => expect.stringMatching(line)));
  });

  it('is refused when payers would be written to in the name of the example', async () => {
    const refused = await start({ SMS_FROM: '+33199000001' });
    expect(refused.code).toBe(1);
    expect(lines(refused)).toEqual([
      expect.stringMatching(/^ivr-flows\/receipts\/merchants\.yaml: default still has the example's name/),
    ]);
  });

  it('A41: is refused with a Redis that fsyncs once a second, or drops cards', async () => {
    await redis.admin.config('SET', 'appendfsync', 'everysec', 'maxmemory-policy', 'allkeys-lru');
    const refused = await start();
    await redis.admin.config('SET', 'appendfsync', 'always', 'maxmemory-policy', 'noeviction');
    expect(refused.code).toBe(1);
    expect(lines(refused)).toEqual([
      expect.stringMatching(/^REDIS_URL: Redis needs "appendfsync always"/),
      expect.stringMatching(/^REDIS_URL: Redis needs "maxmemory-policy noeviction"/),
    ]);
  }, 30_000);

  it('on loopback is warned of the same', async () => {
    const warned = await start({ PUBLIC_URL: '', DEBUG: 'other' }, '', 'ulimit -c unlimited');
    expect(warned.output).toContain('redis is durable: ready');
    expect(warned.output.match(/unsafe start: allowed on loopback only/g)).toHaveLength(2);
  }, 30_000);
});
