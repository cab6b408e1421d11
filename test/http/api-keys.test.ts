import { describe, expect, it } from '@jest/globals';
import { apiKeyList, authenticate, SCOPES } from '../../src/http/api-keys.js';

const client = { principal: 'API_KEY', merchant: 'default', scopes: new Set(SCOPES) };
const keys = apiKeyList([{ key: 'a-key', client }]);

describe('API keys', () => {
  it('find their client', async () => {
    expect(await keys.find('a-key')).toBe(client);
  });

  it('find nobody for another key, or the empty one', async () => {
    expect(await keys.find('a-kez')).toBe(null);
    expect(await keys.find('')).toBe(null);
    expect(await apiKeyList([]).find('a-key')).toBe(null);
  });

  it.each(['Bearer a-key', 'bearer a-key', 'BEARER   a-key'])('are taken from "%s"', async (header) => {
    expect(await authenticate(keys, header)).toBe(client);
  });

  it.each(['a-key', 'Bearer a-key ', 'Bearer\ta-key', 'Bearer a-key,Bearer a-key', undefined])(
    'are not taken from "%s"',
    async (header) => {
      await expect(authenticate(keys, header)).rejects.toMatchObject({ code: 'unauthorized' });
    },
  );
});
