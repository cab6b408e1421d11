import { describe, expect, it } from '@jest/globals';
import { entryAfter, readCaptureEntry } from '../../../src/console/web/capture-entry.js';
import { CAPTURE } from '../../support/http-world.js';

const TEXT = { noCardHere: 'no card', amountWrong: 'wrong amount', amountMissing: 'no amount' };
const read = (reference: string, amount: string, currency = 'EUR') =>
  readCaptureEntry({ reference, amount, currency }, TEXT);

describe('what an agent types to arm a capture', () => {
  it('is all optional', () => {
    expect(read(' ', '')).toEqual({
      capture: { outcome: 'token', reference: null, amount: null, currency: null },
    });
  });

  it.each([
    ['12,50', 'EUR', 1250],
    ['12.5', 'EUR', 1250],
    ['12', 'EUR', 1200],
    ['0,05', 'EUR', 5],
    ['1250', 'JPY', 1250],
    ['1.250', 'TND', 1250],
  ])('takes %s %s as %i', (amount, currency, minor) => {
    expect(read('Order 7', amount, currency)).toEqual({
      capture: { outcome: 'token', reference: 'Order 7', amount: minor, currency },
    });
  });

  it.each(['12.505', '1 200', '-3', 'twelve', '12.', '1e3'])('does not take %s', (amount) => {
    expect(read('', amount)).toEqual({ wrong: 'wrong amount' });
  });

  it('refuses a card number in either field', () => {
    expect(read('4242 4242 4242 4242', '')).toEqual({ wrong: 'no card' });
    expect(read('', '378282246310005')).toEqual({ wrong: 'no card' });
  });

  it.each(['verify', 'charge'] as const)('says what the card is for: %s', (outcome) => {
    const typed = { outcome, reference: '', amount: '12,50', currency: 'EUR' };
    expect(readCaptureEntry(typed, TEXT)).toMatchObject({ capture: { outcome, amount: 1250 } });
  });

  it.each(['', '0', '0,00'])('does not charge nothing: %j', (amount) => {
    const typed = { outcome: 'charge', reference: '', amount, currency: 'EUR' };
    expect(readCaptureEntry(typed, TEXT)).toEqual({ wrong: 'no amount' });
  });
});

describe('what the form begins with', () => {
  const charge = { ...CAPTURE, outcome: 'charge', reference: 'Order 7' } as const;
  const nothing = { reference: '', amount: '', currency: '' };

  it.each([
    [1250, 'EUR', '12.50'],
    [1250, 'JPY', '1250'],
    [1250, 'TND', '1.250'],
  ])('is the last capture, when it came to nothing: %i %s', (amount, currency, typed) => {
    const failed = { ...charge, status: 'failed', amount, currency } as const;
    expect(entryAfter(failed)).toEqual({ outcome: 'charge', reference: 'Order 7', amount: typed, currency });
  });

  it('is no amount where there was none', () => {
    const cancelled = { ...charge, status: 'cancelled', amount: null, currency: null } as const;
    expect(entryAfter(cancelled)).toMatchObject({ reference: 'Order 7', amount: '', currency: '' });
  });

  it('is nothing at first, and once a card was taken', () => {
    expect(entryAfter(null)).toEqual(nothing);
    expect(entryAfter({ ...charge, status: 'completed', amount: 1250, currency: 'EUR' })).toEqual(nothing);
  });
});
