import { describe, expect, it } from '@jest/globals';
import { Secret } from '../../src/secret.js';
import { formatKeyDocument, parseKeyDocument, wipeDocument } from '../../src/vault/key-document.js';

const TIME = '2026-11-21T00:00:00.000Z';
const CHECK = '0123456789abcdef';

const entry = (more: object = {}) => ({
  ...{ id: 'k1', use: 'seal', state: 'active', created: TIME, changed: TIME, check: CHECK, secret: 'abc' },
  ...more,
});
const MAC = entry({ id: 'm1', use: 'mac' });
const parsed = (keys: readonly object[], more: object = {}) =>
  parseKeyDocument(Buffer.from(JSON.stringify({ format: 2, seal: 'plain', keys, ...more })));

describe('a key document', () => {
  it('is read and written as it was', () => {
    const document = parsed([entry(), entry({ id: 'k2', state: 'destroyed', secret: '' }), MAC]);
    if (typeof document === 'string') throw new Error(document);
    const text = formatKeyDocument(document).toString();
    expect(JSON.parse(text)).toEqual({
      ...{ format: 2, seal: 'plain' },
      keys: [entry(), entry({ id: 'k2', state: 'destroyed', secret: '' }), MAC],
    });
    expect(text.endsWith('}\n')).toBe(true);
    wipeDocument(document);
    expect(document.keys.map(({ secret }) => secret.length)).toEqual([0, 0, 0]);
  });

  it.each<[string, readonly object[], string?]>([
    ['no key that seals', [entry({ state: 'retired' }), MAC], 'needs one active key of use "seal"'],
    ['two that seal', [entry(), entry({ id: 'k2' }), MAC], 'needs one active key of use "seal"'],
    [
      'no key for MACs',
      [entry(), entry({ id: 'k2', state: 'retired' })],
      'needs one active key of use "mac"',
    ],
    ['two for MACs', [entry(), MAC, entry({ id: 'm2', use: 'mac' })], 'needs one active key of use "mac"'],
    ['two keys of one id', [entry(), entry({ state: 'retired' }), MAC], 'has two keys of one id'],
    [
      'a destroyed key with a secret',
      [entry(), entry({ id: 'k2', state: 'destroyed' }), MAC],
      'has the key k2 in the state destroyed, which its secret belies',
    ],
    [
      'a key without its secret',
      [entry({ secret: '' }), MAC],
      'has the key k1 in the state active, which its secret belies',
    ],
    ['one key', [MAC]],
    ['an id with more behind it', [entry({ id: 'k1!' }), MAC]],
    ['an id with more in front', [entry({ id: '-k1' }), MAC]],
    ['an id that is too long', [entry({ id: 'k'.repeat(33) }), MAC]],
    ['a check value that is too long', [entry({ check: `${CHECK}0` }), MAC]],
    ['a check value with more in front', [entry({ check: `x${CHECK}` }), MAC]],
    ['a use that is unknown', [entry({ use: 'sign' }), MAC]],
    ['a member that is unknown', [entry({ note: '' }), MAC]],
    ['a secret with a space', [entry({ secret: 'a b' }), MAC]],
  ])('with %s is none', (_what, keys, fault = 'is not a key file') => {
    expect(parsed(keys)).toBe(fault);
  });

  it('with a secret that is of no key is none', () => {
    expect(parsed([entry(), MAC], { seal: 'plain', secret: 'abc' })).toBe('is not a key file');
    const text = `{"format":2,"seal":"plain","keys":[${JSON.stringify(entry())},${JSON.stringify(MAC)}]}`;
    const doubled = text.replace('"secret":"abc"', '"secret":"one","secret":"abc"');
    expect(parseKeyDocument(Buffer.from(doubled))).toBe('is not a key file');
  });

  it('is bounded', () => {
    const long = Secret.of(new Uint8Array(66_000).fill(0x61));
    const key = { ...entry(), secret: long } as unknown as Parameters<typeof formatKeyDocument>[0]['keys'][0];
    expect(() => formatKeyDocument({ seal: 'plain', keys: [key] })).toThrow(
      'VAULT_KEY_FILE would be larger than 64 KiB: it has too many keys',
    );
  });
});
