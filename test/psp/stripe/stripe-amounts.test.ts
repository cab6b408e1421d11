import { describe, expect, it } from '@jest/globals';
import { MINOR_UNITS } from '../../../src/currency.js';
import { AppError } from '../../../src/errors.js';
import { fromStripe, stripeBounds, toStripe } from '../../../src/psp/stripe/stripe-amounts.js';

const TAKEN = [...MINOR_UNITS.keys()].filter((currency) => stripeBounds(currency) !== null);

describe('stripeBounds', () => {
  it.each([
    // What stands out, each in the minor unit of ISO 4217: the least, the most, the step.
    ['EUR', 50, 99_999_999, 1],
    ['USD', 50, 99_999_999, 1],
    ['GBP', 30, 99_999_999, 1],
    ['SEK', 300, 99_999_999, 1],
    ['CZK', 1_500, 99_999_999, 1],
    ['MXN', 1_000, 99_999_999, 1],
    ['JPY', 50, 9_999_999_999, 1],
    ['KRW', 1, 99_999_999, 1],
    ['XOF', 1, 99_999_999, 1],
    ['HUF', 17_500, 999_999_999_999, 1],
    ['TWD', 1, 99_999_999, 1],
    ['ISK', 1, 999_999, 1],
    ['UGX', 1, 999_999, 1],
    ['MGA', 100, 9_999_999_900, 100],
    ['BHD', 10, 99_999_990, 10],
    ['JOD', 10, 99_999_990, 10],
    ['KWD', 10, 99_999_990, 10],
    ['OMR', 10, 99_999_990, 10],
    ['TND', 10, 99_999_990, 10],
    ['IDR', 1, 999_999_999_999, 1],
    ['INR', 50, 999_999_999, 1],
    ['COP', 1, 999_999_999_999, 1],
    ['LBP', 1, 99_999_999_999_999, 1],
  ])('knows %s', (currency, least, most, step) => {
    expect(stripeBounds(currency)).toEqual({ least, most, step });
  });

  it('takes no currency that cards are not charged in', () => {
    const refused = [...MINOR_UNITS.keys()].filter((currency) => stripeBounds(currency) === null);
    expect(refused.join(' ')).toBe(
      'UYI BOV BTN CHE CHW COU CUP ERN GHS IRR KPW MRU MXV SDG SSP STN SVC SYP TMT USN VED VES XAD XCG ZWG IQD LYD CLF UYW',
    );
  });

  it('takes no code that ISO 4217 does not have', () => {
    for (const code of ['STD', 'ANG', 'eur', 'BTC', '']) expect(stripeBounds(code)).toBeNull();
  });
});

describe('toStripe and fromStripe', () => {
  it.each([
    ['EUR', 1_250, 1_250],
    ['JPY', 1_250, 1_250],
    ['HUF', 17_545, 17_545],
    ['ISK', 5, 500],
    ['UGX', 5, 500],
    ['MGA', 1_200, 12],
    ['TND', 5_120, 5_120],
  ])('count %s in its own way', (currency, amount, atStripe) => {
    expect(toStripe({ amount, currency })).toEqual({ amount: atStripe, currency: currency.toLowerCase() });
  });

  it('are each other’s inverse at both ends of every currency', () => {
    expect(TAKEN.length).toBe(137);
    for (const currency of TAKEN) {
      const { least, most, step } = stripeBounds(currency) ?? { least: 0, most: 0, step: 0 };
      for (const amount of [least, least + step, most - step, most]) {
        const sent = toStripe({ amount, currency });
        expect(Number.isSafeInteger(sent.amount)).toBe(true);
        expect(fromStripe(sent.amount, sent.currency)).toEqual({ amount, currency });
      }
    }
  });

  it('refuse zero, less than the least, more than the most and what lies between the steps', () => {
    for (const currency of TAKEN) {
      const { least, most, step } = stripeBounds(currency) ?? { least: 0, most: 0, step: 0 };
      const wrong = [0, -least, least - step, most + step, ...(step > 1 ? [least + 1] : [])];
      for (const amount of wrong) expect(() => toStripe({ amount, currency })).toThrow(AppError);
    }
  });

  it('say what is taken', () => {
    expect(() => toStripe({ amount: 1_234, currency: 'TND' })).toThrow(
      'Stripe takes TND between 10 and 99999990 of its minor unit, in steps of 10',
    );
    expect(() => toStripe({ amount: 100, currency: 'SYP' })).toThrow('Stripe takes no SYP');
  });
});
