import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { decodeBase64, encodeBase64, encodedLength } from '../src/base64.js';

const decode = (text: string, room = 4096): Buffer | null => {
  const target = new Uint8Array(room);
  const source = Buffer.from(`xx${text}xx`);
  const length = decodeBase64(source, 2, source.length - 2, target);
  return length < 0 ? null : Buffer.from(target.subarray(0, length));
};

describe('base64', () => {
  it('reads what Buffer writes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(decode(Buffer.from(bytes).toString('base64'))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('writes what Buffer writes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const target = Buffer.alloc(3 + encodedLength(bytes.length));
        expect(encodeBase64(bytes, target, 3)).toBe(target.length);
        expect(target.subarray(3).toString()).toBe(Buffer.from(bytes).toString('base64'));
      }),
    );
  });

  it('takes any text without a throw, and only base64 as such', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii', maxLength: 24 }), (text) => {
        const wellFormed = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text);
        expect(decode(text)).toEqual(wellFormed ? Buffer.from(text, 'base64') : null);
      }),
      { numRuns: 500, examples: [['===='], ['AA=A'], ['A==='], ['AAA'], ['AA=='], ['-_-_'], ['AAA\x80']] },
    );
  });

  it('refuses more than the target holds', () => {
    expect(decode('AAAAAAAA', 6)).toEqual(Buffer.alloc(6));
    expect(decode('AAAAAAAA', 5)).toBeNull();
  });
});
