import { describe, expect, it } from '@jest/globals';
import { seenCard } from '../../src/psp/seen-card.js';

const CARD = { brand: 'visa', last4: '4242', expMonth: 12, expYear: 2034, fingerprint: 'Xt5EWLLDS7FJjR1c' };

describe('a card that a provider shows', () => {
  it('is told as it is', () => {
    expect(seenCard(CARD)).toEqual(CARD);
    expect(seenCard({ ...CARD, brand: 'unionpay', fingerprint: null })).toMatchObject({ fingerprint: null });
  });

  it.each([
    ['a brand that we have not', { brand: 'cartes_bancaires' }],
    ['no brand', { brand: null }],
    ['more than four digits', { last4: '4242424242424242' }],
    ['fewer', { last4: '242' }],
    ['what is no digit', { last4: '٤٢٤٢' }],
    ['a number for its digits', { last4: 4242 }],
    ['no such month', { expMonth: 13 }],
    ['a month in words', { expMonth: '12' }],
    ['a year of two digits', { expYear: 34 }],
    ['no date', { expMonth: undefined, expYear: undefined }],
  ])('is not told with %s', (_what, change) => {
    expect(seenCard({ ...CARD, ...change })).toBeNull();
  });

  it.each([
    ['is a number', '4242424242424242'],
    ['is empty', ''],
    ['is too long', 'x'.repeat(65)],
    ['has a space', 'a b'],
    ['is not ASCII', 'é'],
    ['is no text', 17],
  ])('has no fingerprint where that %s', (_what, fingerprint) => {
    expect(seenCard({ ...CARD, fingerprint })).toEqual({ ...CARD, fingerprint: null });
  });
});
