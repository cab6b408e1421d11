import { expect, it } from '@jest/globals';
import { open, seal } from '../../src/vault/aead.js';

const hex = (text: string) => Buffer.from(text, 'hex');

it('opens what it sealed, with the same key and aad only', () => {
  const key = hex('01'.repeat(32));
  const sealed = seal(key, Buffer.from('card'), hex('aa'));
  expect(sealed).toHaveLength(12 + 4 + 16);
  expect(Buffer.from(open(key, sealed, hex('aa'))?.reveal() ?? []).toString()).toBe('card');
  expect(open(hex('02'.repeat(32)), sealed, hex('aa'))).toBeNull();
  expect(open(key, sealed, hex('ab'))).toBeNull();
  expect(open(key, sealed.subarray(0, 20), hex('aa'))).toBeNull();
});
