import { createHmac, createSecretKey } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { derive, hmac } from '../../src/vault/key-ring.js';

const hex = (text: string) => Buffer.from(text, 'hex');

it('derives as RFC 5869, test case 3, says (no salt, no label)', () => {
  // The first 32 of its 42 bytes: HKDF gives the same beginning whatever the length.
  const key = derive(createSecretKey(Buffer.alloc(22, 0x0b)), '');
  expect(key.export().toString('hex')).toBe(
    '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d',
  );
});

it('derives a key for a label as RFC 5869 builds it from HMAC', () => {
  const root = Buffer.alloc(32, 0x0b);
  const extracted = createHmac('sha256', Buffer.alloc(32)).update(root).digest();
  const expanded = createHmac('sha256', extracted).update('tonewall/fingerprint/shop\x01').digest();
  expect(derive(createSecretKey(root), 'tonewall/fingerprint/shop').export()).toEqual(expanded);
});

it.each([
  // NIST's examples with intermediate values for HMAC-SHA-256: key as long as a block, and shorter.
  [
    Array.from({ length: 64 }, (_, i) => i.toString(16).padStart(2, '0')).join(''),
    'Sample message for keylen=blocklen',
    '8bb9a1db9806f20df7f77b82138c7914d174d59e13dc4d0169c9057b133e1d62',
  ],
  [
    Array.from({ length: 32 }, (_, i) => i.toString(16).padStart(2, '0')).join(''),
    'Sample message for keylen<blocklen',
    'a28cf43130ee696a98f14a37678b56bcfcbdd9e5cf69717fecf5480f0ebdf790',
  ],
  // RFC 4231, test case 2.
  [
    Buffer.from('Jefe').toString('hex'),
    'what do ya want for nothing?',
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  ],
])('gives the published MAC under %s', (key, text, mac) => {
  expect(hmac(createSecretKey(hex(key)), Buffer.from(text)).toString('hex')).toBe(mac);
});
