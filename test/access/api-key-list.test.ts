import { describe, expect, it } from '@jest/globals';
import { apiKeyList } from '../../src/access/api-key-list.js';
import { apiKeysOf } from '../../src/access/api-keys.js';
import { SCOPES } from '../../src/access/scope.js';

const client = { principal: 'API_KEY', merchant: 'default', scopes: new Set(SCOPES) };
const other = { principal: 'other', merchant: 'elsewhere', scopes: new Set(SCOPES) };
const configured = apiKeyList([{ key: 'a-key', client }]);

describe('keys of the settings', () => {
  it('find their client', async () => {
    expect(await configured.find('a-key')).toEqual({ id: 'API_KEY', state: 'active', client });
  });

  it('find nobody for another key, or the empty one', async () => {
    expect(await configured.find('a-kez')).toBe(null);
    expect(await configured.find('')).toBe(null);
    expect(await apiKeyList([]).find('a-key')).toBe(null);
  });
});

describe('sources of keys', () => {
  const both = apiKeysOf(configured, apiKeyList([{ key: 'another-key', client: other }]));

  it('are asked in turn', async () => {
    expect(await both.find('a-key')).toMatchObject({ client });
    expect(await both.find('another-key')).toMatchObject({ client: other });
    expect(await both.find('a-third-key')).toBe(null);
  });

  it('are not asked beyond the one that knows', async () => {
    const broken = { find: () => Promise.reject(new Error('asked')) };
    expect(await apiKeysOf(configured, broken).find('a-key')).toMatchObject({ client });
    await expect(apiKeysOf(configured, broken).find('a-third-key')).rejects.toThrow('asked');
  });
});
