import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ApiKeyRegister } from '../../src/access/api-key-register.js';
import { RedisApiKeys } from '../../src/access/redis-api-keys.js';
import { SCOPES } from '../../src/access/scope.js';
import { apikeys } from '../../src/cli/apikeys.js';
import { systemClock } from '../../src/clock.js';
import { silentLogger } from '../../src/log.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import { ManualClock } from '../support/manual-clock.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';

const DAY = 86_400_000;

let server: TestRedis;
let stored: RedisApiKeys;
let register: ApiKeyRegister;
let dir: string;
let settings: Record<string, string>;
beforeAll(async () => {
  server = await startTestRedis();
  const redis = await server.client();
  stored = new RedisApiKeys({ redis, clock: systemClock, log: silentLogger });
  register = new ApiKeyRegister(redis, systemClock);
  dir = await mkdtemp(join(tmpdir(), 'tw-'));
  settings = { REDIS_URL: server.url, DATA_DIR: dir, VAULT_KEY_FILE: join(dir, 'keys.json') };
  await createKeyFile(join(dir, 'keys.json'), '2026-11-21T00:00:00.000Z');
});
beforeEach(() => server.admin.flushall());
afterAll(async () => {
  await server.stop();
  await rm(dir, { recursive: true });
});

async function run(args: string, env: Record<string, string> = settings) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const code = await apikeys.run(args.split(' '), { stdin: process.stdin, stdout, stderr, env });
  stdout.end();
  stderr.end();
  return { code, stdout: await text(stdout), stderr: await text(stderr) };
}

/** The id of the only key, or of the newest. */
const newest = async () => (await register.list()).at(-1)?.id ?? '';

describe('apikeys create', () => {
  it('writes the key alone to standard output, and the rest beside it', async () => {
    const { code, stdout, stderr } = await run(
      'create --principal crm --merchant shop --scopes tokens:read,captures:write',
    );
    expect([code, stderr]).toEqual([
      0,
      `${await newest()} for crm of merchant shop: captures:write, tokens:read.\n` +
        'The key is shown this once. Keep it as you would a password.\n',
    ]);
    expect(stdout).toMatch(/^tnwk_\w{52}\n$/);
    expect(await stored.find(stdout.trim())).toMatchObject({
      state: 'active',
      client: { principal: 'crm', merchant: 'shop', scopes: new Set(['captures:write', 'tokens:read']) },
    });
  });

  it.each([
    ['90d', (now: number) => now + 90 * DAY],
    ['2999-12-31', () => Date.UTC(2999, 11, 31)],
    ['2999-12-31T10:00:00+01:00', () => Date.UTC(2999, 11, 31, 9)],
  ])('ends a key as it is told: %s', async (when, end) => {
    const before = systemClock.now();
    const { stderr } = await run(`create --principal crm --scopes audit:read --expires ${when}`);
    const expires = (await register.list())[0]?.expires ?? 0;
    expect(expires).toBeGreaterThanOrEqual(end(before));
    expect(expires).toBeLessThanOrEqual(end(systemClock.now()));
    expect(stderr).toContain(`merchant default: audit:read, until ${new Date(expires).toISOString()}.`);
  });

  it.each([
    ['--scopes captures:read', '--principal is needed'],
    ['--principal CRM --scopes captures:read', '--principal is needed'],
    ['--principal 4242424242424242 --scopes captures:read', '--principal is needed'],
    [
      '--principal crm --merchant Shop --scopes captures:read',
      '--merchant takes the name that flows give it',
    ],
    ['--principal crm', `--scopes takes one or more of ${SCOPES.join(',')}`],
    ['--principal crm --scopes captures:read,moon:write', '--scopes takes one or more of'],
    ['--principal crm --scopes captures:read --expires 0d', '--expires is a time to come'],
    ['--principal crm --scopes captures:read --expires 2020-01-01', '--expires is a time to come'],
    ['--principal crm --scopes captures:read --expires soon', '--expires is a time to come'],
    ['--principal crm --scopes captures:read --expires 2999-02-31T25:00', '--expires is a time to come'],
  ])('%s: refused, with a word that helps', async (words, message) => {
    await expect(run(`create ${words}`)).rejects.toMatchObject({
      code: 'bad_request',
      message: expect.stringContaining(message),
    });
    expect(await register.list()).toEqual([]);
  });
});

describe('apikeys list', () => {
  it('shows whose keys there are and what they are for, and no key', async () => {
    const { apiKey } = await register.create({
      ...{ principal: 'crm', merchant: 'shop', scopes: ['captures:write', 'captures:read'], expires: null },
    });
    await stored.find(apiKey);
    const [key] = await register.list();
    if (key === undefined) throw new Error('there is no key');
    const minute = (ms: number | null) =>
      `${new Date(ms ?? 0).toISOString().slice(0, 16).replace('T', ' ')}Z`;
    expect(await run('list')).toEqual({
      code: 0,
      stdout:
        'ID            PRINCIPAL  MERCHANT  STATE   CREATED            LAST USED          EXPIRES  SCOPES\n' +
        `${key.id}  crm        shop      active  ${minute(key.created)}  ${minute(key.used)}  never    captures:write,captures:read\n`,
      stderr: '',
    });
    expect(JSON.parse((await run('list --json')).stdout)).toEqual([
      {
        ...{ id: key.id, principal: 'crm', merchant: 'shop', state: 'active' },
        scopes: ['captures:write', 'captures:read'],
        created: new Date(key.created).toISOString(),
        last_used: new Date(key.used ?? 0).toISOString(),
        expires: null,
      },
    ]);
  });

  it('tells what is disabled and expired', async () => {
    const redis = await server.client();
    const then = new ApiKeyRegister(redis, new ManualClock(systemClock.now() - 90 * DAY));
    const grant = { principal: 'crm', merchant: 'shop', scopes: ['events:read' as const] };
    await then.create({ ...grant, expires: null });
    await then.create({ ...grant, principal: 'old', expires: systemClock.now() - 1 });
    const shown = JSON.parse((await run('list --json')).stdout) as { principal: string; state: string }[];
    expect(Object.fromEntries(shown.map(({ principal, state }) => [principal, state]))).toEqual({
      ...{ crm: 'disabled', old: 'expired' },
    });
  });

  it('is headings alone when there is none', async () => {
    expect((await run('list')).stdout).toMatch(/^ID  PRINCIPAL .* SCOPES\n$/);
    expect((await run('list --json')).stdout).toBe('[]\n');
  });
});

describe('a rotation', () => {
  it('gives a second key, and takes the first away when it is told to', async () => {
    const first = (await run('create --principal crm --scopes captures:read')).stdout.trim();
    const id = await newest();
    const rotated = await run(`rotate ${id}`);
    const second = rotated.stdout.trim();
    expect(rotated.stderr).toContain(
      `Next: once nothing uses the old one, npx tonewall apikeys revoke ${id}\n`,
    );
    expect(await stored.find(first)).toMatchObject({ state: 'active' });
    expect(await stored.find(second)).toMatchObject({ state: 'active' });
    await expect(run(`rotate ${id}`)).rejects.toThrow('crm has two valid API keys of default already');
    expect(await run(`revoke ${id}`)).toEqual({
      code: 0,
      stdout: '',
      stderr: `${id} of crm, merchant default, is revoked.\n`,
    });
    expect(await stored.find(first)).toBe(null);
    expect(await stored.find(second)).toMatchObject({ state: 'active' });
  });
});

it('apikeys enable takes a disabled key back into use', async () => {
  const then = new ApiKeyRegister(await server.client(), new ManualClock(systemClock.now() - 90 * DAY));
  const { apiKey, record } = await then.create({
    ...{ principal: 'crm', merchant: 'shop', scopes: ['events:read'], expires: null },
  });
  expect(await stored.find(apiKey)).toMatchObject({ state: 'disabled' });
  expect((await run(`enable ${record.id}`)).stderr).toBe(`${record.id} of crm, merchant shop, is active.\n`);
  expect(await stored.find(apiKey)).toMatchObject({ state: 'active' });
});

it('finds the Redis of a running service by its data folder, and says what to do when there is none', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tw-'));
  await expect(run('list', { DATA_DIR: dataDir })).rejects.toMatchObject({
    message: 'no Redis: set REDIS_URL, or start the service whose DATA_DIR this is (default ./data)',
  });
  await mkdir(join(dataDir, 'redis'));
  await writeFile(join(dataDir, 'redis', 'url'), server.url);
  expect((await run('list', { DATA_DIR: dataDir })).code).toBe(0);
  await rm(dataDir, { recursive: true });
});

it.each([
  '',
  'destroy',
  'list key_AAAAAAAA',
  'create key_AAAAAAAA',
  'rotate',
  'revoke one two',
  'revoke one --json',
  'revoke one --principal crm',
  'create --json --principal crm --scopes captures:read',
  'list --verbose',
])('"apikeys %s" is wrong usage', async (args) => {
  const { code, stdout, stderr } = await run(args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^usage: npx tonewall apikeys create /);
});
