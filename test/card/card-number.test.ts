import { describe, expect, it } from '@jest/globals';
import { BRANDS, issueOf } from '../../src/card/brands.js';
import { cardNumberEnd, cardNumberFault, type CardNumberRules } from '../../src/card/card-number.js';
import { TEST_NUMBERS } from '../../src/card/test-numbers.js';
import { BAD_LUHN, bytes, CARDS, WITHOUT_LUHN } from './cards.js';

const RULES: CardNumberRules = { brands: BRANDS, testCards: 'allow' };

describe('cardNumberEnd', () => {
  it.each([
    ['16 digits, Luhn holds', '4242424242424242', 'now'],
    ['16 digits, Luhn does not hold, longer ones exist', BAD_LUHN, 'after-pause'],
    ['16 digits, Luhn does not hold, no other length', '5555555555554445', 'now'],
    ['Amex at 15', '378282246310005', 'now'],
    ['Amex at 15, Luhn does not hold', '378282246310006', 'now'],
    ['Diners at 14', '36227206271667', 'now'],
    ['Diners of 14 in a range of 16', '30569309025904', 'after-pause'],
    ['Diners of 16 in that range', '3056930009020004', 'now'],
    ['an old Visa of 13', '4222222222222', 'after-pause'],
    ['Visa at 17', '42424242424242424', 'open'],
    ['Visa at 19, its longest', '4000000000000000014', 'now'],
    ['Maestro of 12', '501800000009', 'after-pause'],
    ['Maestro of 16', '6304000000000000', 'after-pause'],
    ['Maestro at 19, its longest', '5000000000000000005', 'now'],
    ['UnionPay of 16', '6200000000000005', 'after-pause'],
    ['UnionPay at 19, its longest', '6205500000000000004', 'now'],
    ['UnionPay of 15', '620000000000001', 'open'],
    ['an old JCB at 15, Luhn does not hold', '180000000000000', 'now'],
    ['no brand, 11 digits', '10000000000', 'open'],
    ['no brand, 12 digits', '100000000000', 'after-pause'],
    ['no brand, 19 digits', '1000000000000000000', 'now'],
    ['nothing', '', 'open'],
  ])('%s', (_what, number, end) => {
    expect(cardNumberEnd(bytes(number))).toBe(end);
  });

  it('never lets a usual number run on', () => {
    for (const [, number] of CARDS) {
      const digits = bytes(number);
      const usual = issueOf(digits)?.usual;
      if (digits.length === usual && cardNumberEnd(digits) !== 'now') throw new Error(number);
    }
  });
});

describe('cardNumberFault', () => {
  it.each(CARDS)('takes %s %s', (_brand, number) => {
    expect(cardNumberFault(bytes(number), RULES)).toBeNull();
  });

  it('takes UnionPay without Luhn', () => {
    expect(cardNumberFault(bytes(WITHOUT_LUHN), RULES)).toBeNull();
  });

  it.each([
    ['a wrong check digit', BAD_LUHN, 'invalid-card-number'],
    ['a length that the brand has not', '37828224631000', 'invalid-card-number'],
    ['a number too short for any brand', '42', 'invalid-card-number'],
    ['no digit', '', 'invalid-card-number'],
    ['no brand, wrong check digit', '0000000000000001', 'invalid-card-number'],
    ['no brand, right check digit', '0'.repeat(16), 'invalid-card-type'],
  ])('refuses %s', (_what, number, fault) => {
    expect(cardNumberFault(bytes(number), RULES)).toBe(fault);
  });

  it('refuses a brand that is not taken', () => {
    const rules: CardNumberRules = { brands: ['visa', 'mastercard'], testCards: 'allow' };
    expect(cardNumberFault(bytes('378282246310005'), rules)).toBe('invalid-card-type');
    expect(cardNumberFault(bytes('378282246310006'), rules)).toBe('invalid-card-number');
    expect(cardNumberFault(bytes('4242424242424242'), rules)).toBeNull();
  });

  it('refuses published test numbers when told to', () => {
    const refusing: CardNumberRules = { brands: BRANDS, testCards: 'refuse' };
    const published = Object.values(TEST_NUMBERS).flat();
    expect(published).toHaveLength(57);
    expect(new Set(published.map((number) => cardNumberFault(bytes(number), refusing)))).toEqual(
      new Set(['invalid-card-number']),
    );
    expect(cardNumberFault(bytes('4000000000000000014'), refusing)).toBeNull();
    expect(cardNumberFault(bytes('2200000000000004'), refusing)).toBeNull();
    // The beginning of a published number is another number.
    expect(cardNumberFault(bytes('6205500000000000'), refusing)).toBeNull();
  });
});
