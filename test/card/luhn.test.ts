import { describe, expect, it } from '@jest/globals';
import { luhn } from '../../src/card/luhn.js';
import { BAD_LUHN, bytes, CARDS, WITHOUT_LUHN } from './cards.js';

describe('luhn', () => {
  it('holds for every published number', () => {
    expect(CARDS.filter(([, number]) => !luhn(bytes(number)))).toEqual([]);
  });

  it.each([BAD_LUHN, WITHOUT_LUHN])('does not hold for %s', (number) => {
    expect(luhn(bytes(number))).toBe(false);
  });

  it('catches every single wrong digit', () => {
    for (const [, number] of CARDS) {
      const digits = bytes(number);
      for (let i = 0; i < digits.length; i++) {
        const right = digits[i] ?? 0;
        for (let wrong = 0; wrong <= 9; wrong++) {
          digits[i] = wrong;
          if (luhn(digits) !== (wrong === right)) throw new Error(`digit ${i} of ${number}`);
        }
        digits[i] = right;
      }
    }
  });
});
