import { describe, expect, it } from '@jest/globals';
import { formOf, queryOf } from '../../../src/psp/stripe/stripe-form.js';
import { Secret } from '../../../src/secret.js';

const FIELDS = { 'metadata[reference]': 'commande n° 7 & co', off_session: true, amount: 1_250 };
const CARD = {
  brand: 'unionpay',
  number: digits('6205500000000000004'),
  expMonth: 12,
  expYear: 2034,
} as const;

describe('formOf', () => {
  it('writes the parameters', () => {
    expect(Object.fromEntries(read(formOf(FIELDS, null)))).toEqual({
      'metadata[reference]': 'commande n° 7 & co',
      off_session: 'true',
      amount: '1250',
    });
  });

  it('writes the card behind them', () => {
    const form = formOf(FIELDS, { kind: 'card', card: CARD, code: digits('123') });
    expect([...read(form)].slice(3)).toEqual([
      ['payment_method_data[type]', 'card'],
      ['payment_method_data[card][exp_month]', '12'],
      ['payment_method_data[card][exp_year]', '2034'],
      ['payment_method_data[card][number]', '6205500000000000004'],
      ['payment_method_data[card][cvc]', '123'],
    ]);
  });

  it('leaves out a code that was not asked for', () => {
    const form = formOf({}, { kind: 'card', card: CARD, code: null });
    expect(read(form).has('payment_method_data[card][cvc]')).toBe(false);
  });

  it('writes a card off the heap of V8, whatever the length of the parameters', () => {
    for (const fields of [{}, { description: 'é'.repeat(2_000) }]) {
      const form = formOf(fields, { kind: 'card', card: CARD, code: digits('1234') });
      expect(form.buffer.byteLength).toBeGreaterThanOrEqual(128);
      expect(form.toString().endsWith('%5Bcvc%5D=1234')).toBe(true);
    }
  });
});

describe('queryOf', () => {
  it('escapes what would end a parameter', () => {
    expect(queryOf({ query: "metadata['reference']:'a&b'" })).toBe(
      'query=metadata%5B%27reference%27%5D%3A%27a%26b%27',
    );
  });
});

function read(form: Buffer): URLSearchParams {
  return new URLSearchParams(form.toString());
}

function digits(text: string): Secret {
  return Secret.of(Uint8Array.from(text, Number));
}
