import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../src/log.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import { pinKeys, pinnedKeys } from '../../src/vault/key-pins.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';

let server: TestRedis;
let redis: RedisClient;
let warnings: string[];
const log = {
  ...silentLogger,
  warn: (fields: object, message: string) => void warnings.push(`${message} ${JSON.stringify(fields)}`),
};
beforeAll(async () => {
  server = await startTestRedis();
  redis = await server.client();
});
beforeEach(async () => {
  warnings = [];
  await server.admin.flushall();
});
afterAll(() => server.stop());

describe('pinned keys', () => {
  it('are those that first came, and are known again', async () => {
    expect(await pinnedKeys(redis)).toEqual({});
    await pinKeys(redis, { k1: 'aa', m1: 'bb' }, log);
    await pinKeys(redis, { k1: 'aa', m1: 'bb', k2: 'cc' }, log);
    expect(await pinnedKeys(redis)).toEqual({ k1: 'aa', m1: 'bb', k2: 'cc' });
    expect(warnings).toEqual([]);
  });

  it('are not swapped for others of the same names', async () => {
    await pinKeys(redis, { k1: 'aa', m1: 'bb' }, log);
    await expect(pinKeys(redis, { k1: 'aa', m1: 'cc' }, log)).rejects.toMatchObject({
      code: 'config_invalid',
      message:
        'VAULT_KEY_FILE: key m1 is not the one that this Redis was filled with: put the right key file in its place',
    });
    expect(await pinnedKeys(redis)).toEqual({ k1: 'aa', m1: 'bb' });
  });

  it('that a file lacks may mean that it is an old copy', async () => {
    await pinKeys(redis, { k1: 'aa', k2: 'cc', k3: 'dd', m1: 'bb' }, log);
    await pinKeys(redis, { k1: 'aa', m1: 'bb' }, log);
    expect(warnings).toEqual([
      'the key file lacks keys that this Redis knows: is it an old copy? {"count":2}',
    ]);
  });
});
