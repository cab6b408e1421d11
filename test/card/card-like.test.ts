import { describe, expect, it } from '@jest/globals';
import { holdsCardNumber } from '../../src/card/card-like.js';

describe('free text that holds a card number', () => {
  it.each([
    '4242424242424242',
    'order 7: 4242 4242 4242 4242, thanks',
    '4242-4242-4242-4242',
    '4242.4242.4242.4242',
    '4242 - 4242 - 4242 - 4242',
    '4242\u00a04242\u00a04242\u00a04242',
    '4242–4242–4242–4242',
    '4242 4242 4242 4242 12/34',
    '12 4242424242424242 123',
    'x4242424242424242y',
    '4242\u200b4242\u200b4242\u200b4242',
    '４２４２４２４２４２４２４２４２',
    '٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢',
    '𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐',
    '𝟜𝟚𝟜𝟚𝟜𝟚𝟜𝟚𝟜𝟚𝟜𝟚𝟜𝟚𝟜𝟚',
    '④②④②④②④②④②④②④②④②',
    '4222222222222',
    '378282246310005',
    '36227206271667',
    '6205500000000000004',
    '5018000000007',
    '2223003122003222',
  ])('finds %s', (text) => {
    expect(holdsCardNumber(text)).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['a wrong check digit', '4242424242424241'],
    ['twelve digits', '501800000009'],
    ['no brand begins so', '1' + '0'.repeat(14) + '8'],
    ['a letter between', '42424242A42424242'],
    ['a longer number that contains one', '1234242424242424242427'],
    ['a phone number', '+33 6 12 34 56 78'],
    ['a time', '2026-11-21 12:34:56.789'],
    ['a carrier SID', 'CA4f0e3b2a19c8d7e6f5a4b3c2d1e0f9a8'],
    ['an id of ours', 'cap_4F0V3P2B9K7W1D8S6M5N0QZXCR'],
  ])('passes %s', (_why, text) => {
    expect(holdsCardNumber(text)).toBe(false);
  });

  it('reads 100,000 characters in no time worth noticing', () => {
    expect(holdsCardNumber('1 '.repeat(50_000))).toBe(false);
    expect(holdsCardNumber('4'.repeat(100_000))).toBe(false);
  });
});
