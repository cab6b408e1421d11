import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ApiKeyRegister, MAX_API_KEYS, type Grant } from '../../src/access/api-key-register.js';
import { digestOf, newApiKey } from '../../src/access/api-key.js';
import { RedisApiKeys } from '../../src/access/redis-api-keys.js';
import type { LogFields } from '../../src/log.js';
import { silentLogger } from '../../src/log.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import type { Redis } from '../../src/redis/redis.js';
import { ManualClock } from '../support/manual-clock.js';
import { startMonitor } from '../support/redis-monitor.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const CRM: Grant = { principal: 'crm', merchant: 'shop', scopes: ['captures:read'], expires: null };

let server: TestRedis;
let redis: RedisClient;
let clock: ManualClock;
let register: ApiKeyRegister;
/** Two nodes of the service, each with a connection of its own. */
let nodes: [RedisApiKeys, RedisApiKeys];
beforeAll(async () => {
  server = await startTestRedis();
  redis = await server.client();
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.admin.flushall();
  clock = new ManualClock();
  register = new ApiKeyRegister(redis, clock);
  const other = await server.client();
  nodes = [
    new RedisApiKeys({ redis, clock, log: silentLogger }),
    new RedisApiKeys({ redis: other, clock, log: silentLogger }),
  ];
});

const statesOf = (apiKey: string) => Promise.all(nodes.map(async (node) => (await node.find(apiKey))?.state));

describe('a stored key', () => {
  it('is known to every node as soon as it is made', async () => {
    const { apiKey, record } = await register.create(CRM);
    for (const node of nodes) {
      expect(await node.find(apiKey)).toEqual({
        id: record.id,
        state: 'active',
        client: { principal: 'crm', merchant: 'shop', scopes: new Set(['captures:read']) },
      });
    }
  });

  it('is refused by every node from the moment that it is revoked', async () => {
    const { apiKey, record } = await register.create(CRM);
    expect(await statesOf(apiKey)).toEqual(['active', 'active']);
    await register.revoke(record.id);
    expect(await statesOf(apiKey)).toEqual([undefined, undefined]);
    expect(await register.list()).toEqual([]);
  });

  it('is nobody for a near miss', async () => {
    const { apiKey } = await register.create(CRM);
    for (const wrong of [
      apiKey.slice(0, -1),
      `${apiKey}0`,
      apiKey.toLowerCase(),
      newApiKey(),
      'version',
      '',
    ]) {
      expect(await nodes[0].find(wrong)).toBe(null);
    }
  });

  it('is one command to look up, known or not, and none for what can not be one', async () => {
    const { apiKey } = await register.create(CRM);
    await nodes[0].find(apiKey);
    expect(await namesOf(() => nodes[0].find(apiKey))).toEqual(['hget']);
    expect(await namesOf(() => nodes[0].find(newApiKey()))).toEqual(['hget']);
    expect(await namesOf(() => nodes[0].find('x'.repeat(512)))).toEqual([]);
  });

  it('lies in Redis as a hash alone: memory, AOF and RDB', async () => {
    const { apiKey } = await register.create(CRM);
    await nodes[0].find(apiKey);
    await server.admin.save();
    const bytes = Buffer.concat([...(await filesIn(server.dir)), await sentBy(() => nodes[0].find(apiKey))]);
    const body = apiKey.slice('tnwk_'.length);
    expect(bytes.includes(digestOf(apiKey))).toBe(true);
    for (const secret of [
      apiKey,
      body,
      body.slice(0, 12),
      body.slice(-12),
      Buffer.from(body).toString('hex'),
    ]) {
      expect(bytes.includes(secret)).toBe(false);
    }
  });

  it('can not be known while Redis is away', async () => {
    const away = new RedisApiKeys({
      ...{ clock, log: silentLogger },
      redis: await server.client({ commandTimeoutMs: 100 }),
    });
    const { apiKey } = await register.create(CRM);
    server.pause();
    await expect(away.find(apiKey)).rejects.toMatchObject({ code: 'redis_unavailable' });
    server.resume();
  });
});

describe('the last use', () => {
  it('is noted at once, then once an hour', async () => {
    const { apiKey } = await register.create(CRM);
    const used = async () => (await register.list())[0]?.used;
    expect(await used()).toBe(null);
    const first = clock.now();
    await Promise.all([...nodes, ...nodes].map((node) => node.find(apiKey)));
    expect(await used()).toBe(first);
    clock.advance(HOUR - 1);
    expect(await namesOf(() => nodes[1].find(apiKey))).toEqual(['hget']);
    expect(await used()).toBe(first);
    clock.advance(1);
    await nodes[1].find(apiKey);
    expect(await used()).toBe(first + HOUR);
  });

  it('keeps a key in use for as long as it goes on, and 90 days', async () => {
    const { apiKey, record } = await register.create(CRM);
    for (let month = 0; month < 6; month++) {
      clock.advance(30 * DAY);
      expect(await statesOf(apiKey)).toEqual(['active', 'active']);
    }
    clock.advance(90 * DAY - 1);
    expect((await register.list())[0]?.used).toBe(clock.now() - 90 * DAY + 1);
    clock.advance(1);
    expect(await statesOf(apiKey)).toEqual(['disabled', 'disabled']);
    // Being refused is no use.
    expect((await register.list())[0]?.used).toBe(clock.now() - 90 * DAY);
    await register.enable(record.id);
    expect(await statesOf(apiKey)).toEqual(['active', 'active']);
  });

  it('brings nothing back that was revoked meanwhile', async () => {
    const { apiKey, record } = await register.create(CRM);
    const late = redisThat({
      run: async (...args) => {
        await register.revoke(record.id);
        return redis.run(...args);
      },
    });
    await new RedisApiKeys({ redis: late, clock, log: silentLogger }).find(apiKey);
    expect(await register.list()).toEqual([]);
    expect(await statesOf(apiKey)).toEqual([undefined, undefined]);
  });

  it('that can not be noted is a use all the same, and said', async () => {
    const lines: LogFields[] = [];
    const log = { ...silentLogger, warn: (fields: LogFields) => void lines.push(fields) };
    const { apiKey, record } = await register.create(CRM);
    const readOnly = redisThat({ run: () => Promise.reject(new Error('READONLY')) });
    expect(await new RedisApiKeys({ redis: readOnly, clock, log }).find(apiKey)).toMatchObject({
      state: 'active',
    });
    expect(lines).toEqual([{ api_key: record.id, code: 'Error' }]);
  });
});

describe('rotation', () => {
  it('has both keys valid until the first is revoked', async () => {
    const first = await register.create({ ...CRM, scopes: ['captures:write', 'tokens:read'] });
    clock.advance(DAY);
    const second = await register.rotate(first.record.id);
    expect(second.record).toEqual({
      ...first.record,
      ...{ id: second.record.id, created: clock.now(), enabled: clock.now() },
    });
    expect(second.apiKey).not.toBe(first.apiKey);
    expect(await nodes[0].find(first.apiKey)).toMatchObject({ state: 'active' });
    expect(await nodes[0].find(second.apiKey)).toMatchObject({
      state: 'active',
      client: { principal: 'crm' },
    });
    await register.revoke(first.record.id);
    expect(await nodes[0].find(first.apiKey)).toBe(null);
    expect(await nodes[0].find(second.apiKey)).toMatchObject({ state: 'active' });
  });

  it('refuses a third, and says which two there are', async () => {
    const { apiKey, record } = await register.create(CRM);
    await nodes[0].find(apiKey);
    clock.advance(1);
    const { record: second } = await register.rotate(record.id);
    const refusal = {
      code: 'bad_request',
      message:
        `crm has two valid API keys of shop already, ${record.id} (last used 2026-01-01T00:00:00.000Z) and ` +
        `${second.id} (never used): revoke the one that nothing uses any more`,
    };
    await expect(register.rotate(record.id)).rejects.toMatchObject(refusal);
    await expect(register.create(CRM)).rejects.toMatchObject(refusal);
    expect(await register.list()).toHaveLength(2);
  });

  it('counts what is valid: not the keys of others, expired ones, disabled ones', async () => {
    await register.create({ ...CRM, merchant: 'elsewhere' });
    await register.create({ ...CRM, principal: 'billing' });
    const { record } = await register.create({ ...CRM, expires: clock.now() + 1000 });
    await register.create(CRM);
    clock.advance(1000);
    await register.rotate(record.id);
    clock.advance(90 * DAY);
    await register.create(CRM);
    await register.create(CRM);
    await expect(register.create(CRM)).rejects.toMatchObject({ code: 'bad_request' });
    const disabled = (await register.list()).find(
      ({ principal, merchant, expires }) => principal === 'crm' && merchant === 'shop' && expires === null,
    );
    await expect(register.enable(disabled?.id ?? '')).rejects.toThrow('crm has two valid API keys of shop');
  });

  it('gives the second key as long as the first was given', async () => {
    const { record } = await register.create({ ...CRM, expires: clock.now() + 30 * DAY });
    clock.advance(25 * DAY);
    expect((await register.rotate(record.id)).record.expires).toBe(clock.now() + 30 * DAY);
  });

  it('makes two of many that are asked for at once', async () => {
    const other = new ApiKeyRegister(await server.client(), clock);
    const asked = [register, other, register, other, register, other].map((one) => one.create(CRM));
    const outcomes = (await Promise.allSettled(asked)).map(({ status }) => status);
    expect(outcomes.filter((status) => status === 'fulfilled')).toHaveLength(2);
    expect(await register.list()).toHaveLength(2);
  });
});

describe('a change', () => {
  it('of a key that nobody has is refused', async () => {
    for (const change of [
      register.rotate('key_AAAAAAAA'),
      register.revoke('version'),
      register.enable('key_AAAAAAAA'),
    ]) {
      await expect(change).rejects.toThrow(
        'there is no API key with this id; see: npx tonewall apikeys list',
      );
    }
  });

  it('back to active is for disabled keys alone', async () => {
    const { record } = await register.create({ ...CRM, expires: clock.now() + DAY });
    await expect(register.enable(record.id)).rejects.toThrow(`${record.id} is active already`);
    clock.advance(DAY);
    await expect(register.enable(record.id)).rejects.toThrow(
      `${record.id} is expired: rotate it for a new one`,
    );
  });

  it('makes no key beyond the bound', async () => {
    const rows = Array.from({ length: MAX_API_KEYS - 1 }, (_, n) => {
      const record = { ...CRM, id: `key_${n}`, principal: `p${n}`, created: 0, enabled: 0, used: null };
      return [String(n), JSON.stringify(record)];
    });
    await server.admin.hset('tw:api-keys', ...rows.flat());
    await register.create(CRM);
    await expect(register.create({ ...CRM, principal: 'last' })).rejects.toThrow('there are 1000 API keys');
  });
});

/** The Redis of the test, but for what is replaced. */
function redisThat(replaced: Partial<Redis>): Redis {
  return {
    ...{ ready: true, watch: () => () => {}, close: () => Promise.resolve() },
    command: (...args) => redis.command(...args),
    commandBuffer: (...args) => redis.commandBuffer(...args),
    run: (...args) => redis.run(...args),
    ...replaced,
  };
}

/** What Redis was sent meanwhile. */
async function sentBy(work: () => Promise<unknown>): Promise<Buffer> {
  const monitor = await startMonitor(server.admin);
  await work();
  await server.admin.echo('over');
  while (!monitor.commands().includes('"echo" "over"')) await new Promise((resolve) => setImmediate(resolve));
  monitor.stop();
  return monitor.commands();
}

async function namesOf(work: () => Promise<unknown>): Promise<string[]> {
  const sent = (await sentBy(work)).toString('latin1');
  const names = Array.from(sent.matchAll(/\] "(\w+)"/g), ([, name = '']) => name.toLowerCase());
  return names.filter((name) => !['ping', 'echo', 'info', 'auth'].includes(name));
}

async function filesIn(dir: string): Promise<Buffer[]> {
  const files = (await readdir(dir, { recursive: true, withFileTypes: true })).filter((file) =>
    file.isFile(),
  );
  return Promise.all(files.map((file) => readFile(join(file.parentPath, file.name))));
}
