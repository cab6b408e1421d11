import * as fc from 'fast-check';
import { expect, it } from '@jest/globals';
import { Secret } from '../../src/secret.js';
import { decodeSecret, encodeSecret } from '../../src/vault/secret-base64.js';

const textOf = (secret: Secret | null) =>
  secret === null ? null : Buffer.from(secret.reveal()).toString('latin1');
const secretOf = (text: string) => Secret.of(Buffer.from(text));

it.each([
  // RFC 4648, section 10.
  ['', ''],
  ['f', 'Zg=='],
  ['fo', 'Zm8='],
  ['foo', 'Zm9v'],
  ['foob', 'Zm9vYg=='],
  ['fooba', 'Zm9vYmE='],
  ['foobar', 'Zm9vYmFy'],
])('"%s" is "%s"', (bytes, text) => {
  expect(textOf(encodeSecret(secretOf(bytes)))).toBe(text);
  expect(textOf(decodeSecret(secretOf(text)))).toBe(bytes);
});

it('is what Node makes of any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = encodeSecret(Secret.of(bytes));
      expect(textOf(text)).toBe(Buffer.from(bytes).toString('base64'));
      expect([...(decodeSecret(text)?.reveal() ?? [])]).toEqual([...bytes]);
    }),
  );
});

it.each(['Z', 'Zg=', 'Zg==Zg==', 'Zg-_', '====', 'Z===', 'Zm9v\n'])('%j is none', (text) => {
  expect(decodeSecret(secretOf(text))).toBeNull();
});
