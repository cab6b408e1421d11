import { expect, it } from '@jest/globals';
import { open, seal } from '../../src/vault/aead.js';

const hex = (text: string) => Buffer.from(text, 'hex');

// McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 14 and 16.
it.each([
  {
    key: '00'.repeat(32),
    nonce: '00'.repeat(12),
    aad: '',
    plaintext: '00'.repeat(16),
    ciphertext: 'cea7403d4d606b6e074ec5d3baf39d18',
    tag: 'd0d1c8a799996bf0265b98b5d48ab919',
  },
  {
    key: 'feffe9928665731c6d6a8f9467308308'.repeat(2),
    nonce: 'cafebabefacedbaddecaf888',
    aad: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
    plaintext:
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    ciphertext:
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662',
    tag: '76fc6ece0f4e1768cddf8853bb2d551b',
  },
])('opens a published vector with $nonce', ({ key, nonce, aad, plaintext, ciphertext, tag }) => {
  const opened = open(hex(key), hex(nonce + ciphertext + tag), hex(aad));
  expect(Buffer.from(opened?.reveal() ?? []).toString('hex')).toBe(plaintext);
});

it('opens what it sealed, with the same key and aad only', () => {
  const key = hex('01'.repeat(32));
  const sealed = seal(key, Buffer.from('card'), hex('aa'));
  expect(sealed).toHaveLength(12 + 4 + 16);
  expect(Buffer.from(open(key, sealed, hex('aa'))?.reveal() ?? []).toString()).toBe('card');
  expect(open(hex('02'.repeat(32)), sealed, hex('aa'))).toBeNull();
  expect(open(key, sealed, hex('ab'))).toBeNull();
  expect(open(key, sealed.subarray(0, 20), hex('aa'))).toBeNull();
});
