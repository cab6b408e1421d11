import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { silentLogger, type LogFields } from '../../src/log.js';
import { checkAddress, checkDurability } from '../../src/redis/durability.js';
import { dataDirs, unsafeRedis } from '../../src/redis/exposure.js';
import { parseRedisUrl } from '../../src/redis/redis-address.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';

let server: TestRedis;
let redis: RedisClient;
beforeAll(async () => {
  server = await startTestRedis();
  redis = await server.client();
});
afterAll(() => server.stop());

const lines: [LogFields, string][] = [];
const log = {
  ...silentLogger,
  warn: (fields: LogFields, message: string) => void lines.push([fields, message]),
};

describe('the durability check', () => {
  it.each([
    ['appendonly', 'no', 'yes'],
    ['appendfsync', 'everysec', 'always'],
    ['no-appendfsync-on-rewrite', 'yes', 'no'],
    ['maxmemory-policy', 'allkeys-lru', 'noeviction'],
  ])('refuses %s %s', async (setting, wrong, right) => {
    await server.admin.config('SET', setting, wrong);
    await expect(checkDurability(redis, { declared: true, log })).rejects.toMatchObject({
      code: 'config_invalid',
      errors: [
        { path: 'REDIS_URL', message: expect.stringContaining(`"${setting} ${right}" in redis.conf`) },
      ],
    });
    await server.admin.config('SET', setting, right);
    await checkDurability(redis, { declared: false, log });
  });

  it('refuses a Redis that would drop scripts when it replays its AOF', async () => {
    await server.admin.acl('SETUSER', 'default', '-@all');
    await expect(checkDurability(redis, { declared: true, log })).rejects.toMatchObject({
      code: 'config_invalid',
      errors: [{ message: expect.stringContaining('"user default off ~* &* +@all" in redis.conf') }],
    });
    await server.admin.acl('SETUSER', 'default', '+@all');
  });

  it('takes the word of the operator only where settings can not be read, and says so', async () => {
    await server.admin.acl('SETUSER', 'tonewall', '-config|get');
    await expect(checkDurability(redis, { declared: false, log })).rejects.toMatchObject({
      code: 'config_invalid',
      errors: [{ path: 'REDIS_DURABILITY' }],
    });
    lines.length = 0;
    await checkDurability(redis, { declared: true, log });
    expect(lines).toEqual([
      [{ setting: 'REDIS_DURABILITY' }, 'durability of redis is declared, not checked'],
    ]);
    await server.admin.acl('SETUSER', 'tonewall', '+config|get');
  });
});

describe('what a Redis shows', () => {
  it('is refused while its slow log is on', async () => {
    expect(await unsafeRedis(redis)).toEqual([]);
    for (const microseconds of ['0', '10000']) {
      await server.admin.config('SET', 'slowlog-log-slower-than', microseconds);
      expect(await unsafeRedis(redis)).toEqual([
        expect.stringMatching(/^REDIS_URL: Redis needs "slowlog-log-slower-than -1"/),
      ]);
    }
    await server.admin.config('SET', 'slowlog-log-slower-than', '-1');
  });

  it('is its data folder, where it is on this machine', async () => {
    expect(await dataDirs(redis, parseRedisUrl(server.url))).toEqual([server.dir]);
    expect(await dataDirs(redis, parseRedisUrl('rediss://tonewall:x@redis.example'))).toEqual([]);
  });

  it('is not known where settings can not be read', async () => {
    await server.admin.acl('SETUSER', 'tonewall', '-config|get');
    expect(await unsafeRedis(redis)).toEqual([]);
    expect(await dataDirs(redis, parseRedisUrl(server.url))).toEqual([]);
    await server.admin.acl('SETUSER', 'tonewall', '+config|get');
  });
});

describe('the address check', () => {
  it.each([
    ['redis://tonewall:x@10.0.0.1', ['is not encrypted: use rediss://']],
    ['redis://127.0.0.1', [expect.stringContaining('default user')]],
    ['rediss://default:x@redis.example', [expect.stringContaining('default user')]],
    ['rediss://tonewall:x@redis.example', []],
    ['unix://tonewall:x@/run/redis.sock', []],
  ])('finds in %s what is unsafe', (url, findings) => {
    const address = parseRedisUrl(url);
    lines.length = 0;
    checkAddress(address, { live: false, log });
    expect(lines.map(([fields]) => fields.detail)).toEqual(findings);
    const live = (): void => checkAddress(address, { live: true, log });
    if (findings.length > 0) expect(live).toThrow(/REDIS_URL: the connection/);
    else expect(live).not.toThrow();
  });
});
