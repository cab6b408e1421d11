import type { Brand } from '../../card/brands.js';
import type { SeenCard } from '../psp.js';
import { seenCard } from '../seen-card.js';
import type { PaymentIntent, PaymentMethod } from './stripe-objects.js';

/** Stripe's words for brands (docs.stripe.com/api/payment_methods/object); null: a brand that isn't one of ours. */
export const STRIPE_BRANDS: Readonly<Record<string, Brand | null>> = {
  amex: 'amex',
  cartes_bancaires: null,
  diners: 'diners',
  discover: 'discover',
  eftpos_au: null,
  jcb: 'jcb',
  link: null,
  mastercard: 'mastercard',
  unionpay: 'unionpay',
  visa: 'visa',
  unknown: null,
};

/** What a page shows of the card that was typed on it, and its name where Stripe keeps it. */
export function cardOfPage(intent: PaymentIntent): { card: SeenCard | null; stored: string | null } {
  const method = intent.payment_method;
  if (typeof method !== 'object' || method === null) return { card: null, stored: null };
  const { id, customer, card } = method;
  return { card: cardOf(card), stored: typeof customer === 'string' ? nameOfStored(customer, id) : null };
}

/** For `Instrument`: a method can be charged again as long as it belongs to a customer. */
export function nameOfStored(customer: string, method: string): string {
  return `${customer}/${method}`;
}

function cardOf(card: PaymentMethod['card']): SeenCard | null {
  const { brand, last4, exp_month: expMonth, exp_year: expYear, fingerprint } = card ?? {};
  const known = STRIPE_BRANDS[brand ?? ''] ?? null;
  return seenCard({ brand: known, last4, expMonth, expYear, fingerprint: fingerprint ?? null });
}
