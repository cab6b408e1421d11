import { describe, expect, it } from '@jest/globals';
import {
  isMerchant,
  isPrincipal,
  parseApiKeyRecord,
  stateOf,
  type ApiKeyRecord,
} from '../../src/access/api-key-record.js';
import { digestOf, isApiKey, newApiKey, newApiKeyId } from '../../src/access/api-key.js';

const DAY = 86_400_000;
const MADE = Date.UTC(2026, 0, 1);
const record: ApiKeyRecord = {
  ...{ id: 'key_7C2M9T4R', principal: 'crm', merchant: 'shop', scopes: ['captures:read'] },
  ...{ created: MADE, expires: null, enabled: MADE, used: null },
};

describe('an API key', () => {
  it('has a prefix that scanners for secrets know, and 256 random bits', () => {
    const apiKey = newApiKey();
    expect(apiKey).toMatch(/^tnwk_[0-9A-HJKMNP-TV-Z]{52}$/);
    expect(isApiKey(apiKey)).toBe(true);
    expect(new Set(Array.from({ length: 1000 }, newApiKey)).size).toBe(1000);
  });

  it.each([
    '',
    'tnwk_',
    `tnwk_${'0'.repeat(51)}`,
    `tnwk_${'0'.repeat(53)}`,
    `tnwk_${'o'.repeat(52)}`,
    'x'.repeat(57),
  ])('is nothing like "%s"', (text) => expect(isApiKey(text)).toBe(false));

  it('has a short name of its own, and a digest by SHA-256', () => {
    expect(newApiKeyId()).toMatch(/^key_[0-9A-HJKMNP-TV-Z]{8}$/);
    expect(digestOf('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});

describe('the state of a key', () => {
  it.each([
    ['fresh', {}, 0, 'active'],
    ['never used for a moment less than 90 days', {}, 90 * DAY - 1, 'active'],
    ['never used for 90 days', {}, 90 * DAY, 'disabled'],
    ['used since', { used: MADE + 30 * DAY }, 120 * DAY - 1, 'active'],
    ['not used for 90 days', { used: MADE + 30 * DAY }, 120 * DAY, 'disabled'],
    ['enabled again', { used: MADE + 30 * DAY, enabled: MADE + 200 * DAY }, 290 * DAY - 1, 'active'],
    ['enabled again, and not used', { enabled: MADE + 200 * DAY }, 290 * DAY, 'disabled'],
    ['before its end', { expires: MADE + DAY }, DAY - 1, 'active'],
    ['at its end', { expires: MADE + DAY }, DAY, 'expired'],
    ['used after its end', { expires: MADE + DAY, used: MADE + 2 * DAY }, 2 * DAY, 'expired'],
    ['used by a node whose clock is ahead', { used: MADE + DAY }, 0, 'active'],
  ] as const)('%s', (_name, change, age, state) => {
    expect(stateOf({ ...record, ...change }, MADE + age)).toBe(state);
  });
});

describe('a record', () => {
  it('is read as it was written', () => {
    expect(parseApiKeyRecord(JSON.stringify(record))).toEqual(record);
  });

  it('loses a scope that nobody here knows', () => {
    const text = JSON.stringify({ ...record, scopes: ['captures:read', 'moon:write', 'toString'] });
    expect(parseApiKeyRecord(text).scopes).toEqual(['captures:read']);
  });

  it.each(['', 'null', '{"id":"key_4242"}', JSON.stringify({ ...record, principal: '\u001b[31m' })])(
    'that is damaged (%j) is not repeated',
    (text) => {
      const read = () => parseApiKeyRecord(text);
      expect(read).toThrow('an API key record can not be read');
    },
  );
});

describe('names', () => {
  it.each(['crm', 'alice.martin@shop.example', 'batch-2', '0'])('%s may be a principal', (name) => {
    expect(isPrincipal(name)).toBe(true);
  });

  it.each(['', 'API_KEY', 'Alice', 'two words', '.crm', 'x'.repeat(65), 'léa', '4242424242424242'])(
    '"%s" may not',
    (name) => expect(isPrincipal(name)).toBe(false),
  );

  it.each([
    ['default', true],
    ['shop_2', true],
    ['Shop', false],
    ['shop.2', false],
    ['{shop}', false],
  ])('of merchants are those of flows: %s', (name, may) => {
    expect(isMerchant(name)).toBe(may);
  });
});
