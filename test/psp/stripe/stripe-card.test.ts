import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { paymentIntentSchema } from '../../../src/psp/stripe/stripe-objects.js';
import { STRIPE_BRANDS, cardOfPage } from '../../../src/psp/stripe/stripe-card.js';
import { paymentIntent, paymentMethod, type CardFacts } from '../../support/stripe-objects.js';

const FACTS: CardFacts = {
  ...{ brand: 'visa', last4: '4242', expMonth: 12, expYear: 2034, networks: ['visa'], codeCheck: 'pass' },
  fingerprint: 'Xt5EWLLDS7FJjR1c',
};
const SEEN = { last4: '4242', expMonth: 12, expYear: 2034, fingerprint: 'Xt5EWLLDS7FJjR1c' };

/** Of a page that was paid with this card, which belongs to `customer`. */
function shown(change: Partial<CardFacts>, customer: string | null = null) {
  const payment_method = paymentMethod('pm_1', { ...FACTS, ...change }, customer);
  const intent = paymentIntent({ id: 'pi_1', reference: 'chg_1' }, { payment_method });
  return cardOfPage(paymentIntentSchema.parse(intent));
}

describe('a card of a page of Stripe’s', () => {
  it.each(['amex', 'diners', 'discover', 'jcb', 'mastercard', 'unionpay', 'visa'])(
    'has the brand that Stripe says: %s',
    (brand) => {
      expect(shown({ brand }).card).toEqual({ ...SEEN, brand });
    },
  );

  it.each(['cartes_bancaires', 'eftpos_au', 'link', 'unknown'])(
    'is null where we have no such brand: %s',
    (brand) => {
      expect(shown({ brand }).card).toBeNull();
    },
  );

  it('is null where its brand is a word that nobody knows', () => {
    expect(shown({ brand: 'toString' }).card).toBeNull();
    expect(shown({ brand: 'a_brand_of_tomorrow' }).card).toBeNull();
  });

  it('has a name where it belongs to a customer', () => {
    expect(shown({}, 'cus_1').stored).toBe('cus_1/pm_1');
    expect(shown({}).stored).toBeNull();
    expect(shown({ brand: 'eftpos_au' }, 'cus_1')).toEqual({ card: null, stored: 'cus_1/pm_1' });
  });

  it('is null where Stripe shows none', () => {
    const intent = paymentIntent({ id: 'pi_1', reference: 'chg_1' }, {});
    const none = { card: null, stored: null };
    expect(cardOfPage(paymentIntentSchema.parse(intent))).toEqual(none);
    expect(cardOfPage(paymentIntentSchema.parse({ ...intent, payment_method: 'pm_1' }))).toEqual(none);
  });
});

describe('the words for brands', () => {
  it('are those that the stripe package knows', () => {
    const types = readFileSync('node_modules/stripe/esm/resources/PaymentMethods.d.ts', 'utf8');
    const sentence = /interface Card \{\s*\/\*\*\s*\* Card brand\. Can be (.*)\./.exec(types);
    const words = [...(sentence?.[1] ?? '').matchAll(/`(\w+)`/g)].map(([, word]) => word);
    expect(words.length).toBeGreaterThan(8);
    expect(Object.keys(STRIPE_BRANDS).sort()).toEqual(words.sort());
  });
});
