import { createSecretKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { open } from '../../src/vault/aead.js';
import { derive, hmac } from '../../src/vault/key-ring.js';

const hex = (text: string) => Buffer.from(text, 'hex');

/** Rows of a file of vectors, without its head; bytes are hexadecimal. */
function vectors<Row extends readonly string[]>(file: string): Row[] {
  const text = readFileSync(join('test/vault/fixtures', file), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',') as readonly string[] as Row);
}

type Sealed = [key: string, nonce: string, aad: string, ciphertext: string, tag: string, plaintext: string];
type Mac = [key: string, message: string, mac: string, result: 'valid' | 'invalid'];

describe('AES-256-GCM', () => {
  it.each([
    // McGrew and Viega, "The Galois/Counter Mode of Operation": cases 14 and 16.
    ['the authors', 'mcgrew-viega-gcm-256.csv', 2],
    // NIST CAVP, gcmDecrypt256.rsp: 96-bit nonces, 128-bit tags; of each pair of lengths one that opens and one that does not.
    ['NIST', 'nist-gcm-decrypt-256.csv', 50],
    // Wycheproof, aes_gcm_test.json: 96-bit nonces, 128-bit tags.
    ['Wycheproof', 'wycheproof-aes-256-gcm.csv', 62],
  ])('opens, or refuses, as %s say: %s', (_who, file, count) => {
    const rows = vectors<Sealed>(file);
    const answers = rows.map(([key, nonce, aad, ciphertext, tag]) => {
      const opened = open(hex(key), hex(nonce + ciphertext + tag), hex(aad));
      return opened === null ? 'FAIL' : Buffer.from(opened.reveal()).toString('hex');
    });
    expect(answers).toEqual(rows.map(([, , , , , plaintext]) => plaintext));
    expect(rows).toHaveLength(count);
  });
});

describe('HMAC-SHA-256', () => {
  it.each([
    // NIST, "HMAC_SHA256" of the examples with intermediate values: keys as long as a block, shorter, longer.
    ['NIST', 'nist-hmac-sha256.csv', 3],
    // Without its case 5, a MAC that is cut.
    ['RFC 4231', 'rfc-4231-hmac-sha256.csv', 6],
    // Wycheproof, hmac_sha256_test.json: MACs that are not cut.
    ['Wycheproof', 'wycheproof-hmac-sha256.csv', 85],
  ])('gives the MAC that %s says: %s', (_who, file, count) => {
    const rows = vectors<Mac>(file);
    const results = rows.map(([key, message, mac]) =>
      hmac(createSecretKey(hex(key)), hex(message)).equals(hex(mac)) ? 'valid' : 'invalid',
    );
    expect(results).toEqual(rows.map(([, , , result]) => result));
    expect(rows).toHaveLength(count);
  });
});

describe('HKDF-SHA-256', () => {
  // RFC 5869, case 3, and hkdf_sha256_test.json of Wycheproof: no salt and no label, as `derive` has no salt and its
  // labels are text. HKDF gives the same beginning whatever the length.
  it('derives what RFC 5869 and Wycheproof say', () => {
    const rows = vectors<[key: string, derived: string]>('wycheproof-hkdf-sha256.csv');
    const keys = rows.map(([key]) =>
      derive(createSecretKey(hex(key)), '')
        .export()
        .toString('hex'),
    );
    expect(keys).toEqual(rows.map(([, derived]) => derived.slice(0, 64)));
    expect(rows).toHaveLength(7);
  });

  it('derives a key for a label as RFC 5869 builds it from HMAC', () => {
    const root = Buffer.alloc(32, 0x0b);
    const extracted = hmac(createSecretKey(Buffer.alloc(32)), root);
    const label = Buffer.from('tonewall/fingerprint/shop\x01');
    const expanded = hmac(createSecretKey(extracted), label);
    expect(derive(createSecretKey(root), 'tonewall/fingerprint/shop').export()).toEqual(expanded);
  });
});
