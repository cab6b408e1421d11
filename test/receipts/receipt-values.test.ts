import { describe, expect, it } from '@jest/globals';
import { MINOR_UNITS } from '../../src/currency.js';
import { moneyText, valuesOf } from '../../src/receipts/receipt-values.js';

const MERCHANT = { name: 'Shop', time_zone: 'Europe/Paris', contact: 'care@shop.example' };
const FACTS = {
  money: { amount: 1250, currency: 'EUR' },
  at: Date.parse('2026-11-22T23:30:00Z'),
  ...{ reference: 'order-77', lastFour: '4242' },
};

describe('money', () => {
  it.each([
    [1250, 'EUR', '€12.50', '12,50 €'],
    [5, 'EUR', '€0.05', '0,05 €'],
    [0, 'EUR', '€0.00', '0,00 €'],
    [1250, 'JPY', 'JP¥1,250', '1 250 JPY'],
    [1250, 'TND', 'TND 1.250', '1,250 TND'],
    [12_345, 'CLF', 'CLF 1.2345', '1,2345 CLF'],
    [1250, 'ISK', 'ISK 1,250', '1 250 ISK'],
    [999_999_999_999, 'EUR', '€9,999,999,999.99', '9 999 999 999,99 €'],
  ])('%i of %s is %s, %s', (amount, currency, english, french) => {
    expect(moneyText(amount, currency, 'en')).toBe(english);
    expect(moneyText(amount, currency, 'fr')).toBe(french);
  });

  it('has the digits of ISO 4217 behind its point, in every currency', () => {
    for (const [currency, digits] of MINOR_UNITS) {
      const behind = /[.,](\d+)(?!.*[.,]\d)/.exec(moneyText(1, currency, 'en'))?.[1] ?? '';
      expect([currency, behind.length]).toEqual([currency, digits]);
    }
  });
});

describe('the values of a receipt', () => {
  it('are in the language of the payer and the time of the merchant', () => {
    expect(valuesOf(FACTS, MERCHANT, 'en')).toEqual({
      ...{ merchant: 'Shop', contact: 'care@shop.example', reference: 'order-77', amount: '€12.50' },
      ...{ date: '23 November 2026', time: '00:30 CET', card: 'card ending in 4242' },
    });
    expect(valuesOf(FACTS, MERCHANT, 'fr')).toEqual({
      ...{ merchant: 'Shop', contact: 'care@shop.example', reference: 'order-77', amount: '12,50 €' },
      ...{ date: '23 novembre 2026', time: '00:30 UTC+1', card: 'carte se terminant par 4242' },
    });
  });

  it('name no digits that nobody knows', () => {
    expect(valuesOf({ ...FACTS, lastFour: null }, MERCHANT, 'fr').card).toBe('carte');
  });
});
