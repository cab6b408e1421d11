import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { StripeSimulator } from '../../support/stripe-simulator.js';

/**
 * Holds the simulator's answers against the example objects that Stripe publishes (stripe/openapi, fixtures3.json),
 * which are no part of this repository: STRIPE_FIXTURES names the file. Skipped where it isn't there.
 */
const FILE = process.env['STRIPE_FIXTURES'] ?? resolve('../shared/data/stripe-fixtures.json');
const there = existsSync(FILE);
const fixtures = there
  ? (JSON.parse(readFileSync(FILE, 'utf8')) as { resources: Record<string, object> }).resources
  : {};

/** Told by an example alone: members of maps, and of what an account may do without. */
const FREE = /\.(metadata|payment_method_options|shipping|transfer_data|refunds|source|next_action)$/;

/** The examples are of an older version of the API than the one that is asked for. */
const NEWER = /\.allowed_payment_method_types$/;

let stripe: StripeSimulator;
const params = (fields: Record<string, string>) => new Map(Object.entries(fields));

beforeAll(async () => {
  stripe = await StripeSimulator.start();
});

afterAll(() => stripe.close());

(there ? describe : describe.skip)('objects of the simulator', () => {
  it('have the members of Stripe’s, and no others', () => {
    const objects = everyObject();
    expect(Object.keys(objects).sort()).toEqual([
      'charge',
      'checkout.session',
      'customer',
      'event',
      'payment_intent',
      'payment_method',
      'refund',
      'setup_intent',
    ]);
    const wrong = Object.entries(objects).flatMap(([name, object]) =>
      differences(name, object, fixtures[name]),
    );
    expect(wrong).toEqual([]);
  });
});

/** One of each, by the requests that make it. */
function everyObject(): Record<string, unknown> {
  const post = (path: string, fields: Record<string, string>) =>
    stripe.account.answer('POST', path, params(fields)).body as { id: string } & Record<string, unknown>;
  const card = {
    'payment_method_data[card][number]': '4242424242424242',
    'payment_method_data[card][cvc]': '123',
    'payment_method_data[card][exp_month]': '7',
    'payment_method_data[card][exp_year]': '2034',
    'expand[0]': 'latest_charge',
    'expand[1]': 'payment_method',
  };
  const made = post('payment_intents', { amount: '100', currency: 'eur', capture_method: 'automatic' });
  const paid = post(`payment_intents/${made.id}/confirm`, card);
  const { latest_charge: charge, payment_method: method } = paid;
  return {
    payment_intent: made,
    charge,
    payment_method: method,
    setup_intent: post('setup_intents', { usage: 'off_session' }),
    customer: post('customers', {}),
    refund: post('refunds', { payment_intent: made.id, amount: '100' }),
    'checkout.session': post('checkout/sessions', { client_reference_id: 'chg_1' }),
    event: JSON.parse(stripe.notice('payment_intent.succeeded', made, 0).body.toString()) as unknown,
  };
}

/** Members that one side lacks, or that have another type; null may stand for any. */
function differences(path: string, ours: unknown, theirs: unknown): string[] {
  if (ours === null || theirs === null || FREE.test(path) || path === 'event.data.object') return [];
  if (typeOf(ours) !== typeOf(theirs)) return [`${path} is ${typeOf(ours)}, there ${typeOf(theirs)}`];
  if (typeOf(ours) !== 'object') return [];
  const [mine, example] = [ours as Record<string, unknown>, theirs as Record<string, unknown>];
  const names = new Set([...Object.keys(mine), ...Object.keys(example)]);
  return [...names].flatMap((name) => {
    const at = `${path}.${name}`;
    if (FREE.test(at) || NEWER.test(at)) return [];
    if (!(name in example)) return [`${at} is not there`];
    if (!(name in mine)) return [`${at} is missing`];
    return differences(at, mine[name], example[name]);
  });
}

function typeOf(value: unknown): string {
  return Array.isArray(value) ? 'array' : typeof value;
}
