import { Agent } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Stripe } from 'stripe';
import { systemClock } from '../../../src/clock.js';
import type { AuthorizeRequest } from '../../../src/psp/psp.js';
import { STRIPE_API_VERSION } from '../../../src/psp/stripe/stripe-api.js';
import { StripePsp } from '../../../src/psp/stripe/stripe-psp.js';
import { Secret } from '../../../src/secret.js';
import { StripeSimulator } from '../../support/stripe-simulator.js';

/** Stripe's own client beside ours, at the same simulator: it takes what is answered, and asks what we ask. */

let simulator: StripeSimulator;
let theirs: InstanceType<typeof Stripe>;
let ours: StripePsp;

beforeAll(async () => {
  simulator = await StripeSimulator.start();
  const { port, ca, secretKey, webhookSecret, url } = simulator;
  theirs = new Stripe(secretKey, {
    host: '127.0.0.1',
    port,
    telemetry: false,
    maxNetworkRetries: 0,
    httpAgent: new Agent({ ca, keepAlive: true }),
  });
  ours = new StripePsp({
    secretKey,
    webhookSecrets: [webhookSecret],
    clock: systemClock,
    apiUrl: url,
    ca,
  });
});

afterAll(async () => {
  await ours.close();
  simulator.close();
});

describe('the stripe package', () => {
  it('is of the version of the API that is asked for', () => {
    expect(Stripe.API_VERSION).toBe(STRIPE_API_VERSION);
  });

  it('finds a payment of ours as we do', async () => {
    const request = chargeOf('chg_1');
    await ours.authorize(request);
    const { data } = await theirs.paymentIntents.search({
      query: "metadata['reference']:'chg_1'",
      expand: ['data.latest_charge'],
    });
    const intent = data[0];
    expect(intent).toMatchObject({ status: 'succeeded', amount_received: 1_250, currency: 'eur' });
    const charge = intent?.latest_charge as Stripe.Charge;
    expect(charge.payment_method_details?.card).toMatchObject({
      network: 'visa',
      checks: { cvc_check: 'pass' },
    });
  });

  it('makes an intent with the same parameters', async () => {
    await ours.authorize(chargeOf('chg_2'));
    const [mine] = simulator.requests.slice(-2);
    await theirs.paymentIntents.create(
      {
        amount: 1_250,
        currency: 'eur',
        capture_method: 'automatic',
        allowed_payment_method_types: ['card'],
        metadata: { reference: 'chg_2' },
        description: 'order 7',
      },
      { idempotencyKey: 'chg_2:create' },
    );
    expect(simulator.requests.at(-1)).toEqual(mine);
  });

  it('confirms with the same parameters', async () => {
    const intent = await theirs.paymentIntents.create({
      amount: 1_250,
      currency: 'eur',
      metadata: { reference: 'chg_7' },
    });
    await ours.authorize({ ...chargeOf('chg_8'), network: 'visa' });
    const mine = simulator.requests.at(-1);
    await theirs.paymentIntents.confirm(intent.id, {
      expand: ['latest_charge', 'payment_method'],
      error_on_requires_action: true,
      payment_method_options: { card: { moto: true, network: 'visa' } },
      // Its types leave out what its API takes from those who may send it.
      payment_method_data: {
        type: 'card',
        card: { number: '4242424242424242', cvc: '123', exp_month: 7, exp_year: 2034 },
      } as never,
    });
    expect(simulator.requests.at(-1)?.params).toEqual(mine?.params);
  });

  it('captures, cancels and refunds with the same parameters', async () => {
    const payment = { reference: 'chg_3', providerReference: await reserved('chg_3') };
    await ours.capture(payment, { amount: 1_000, currency: 'EUR' });
    const mine = [...simulator.requests];
    const other = await reserved('chg_4');
    await theirs.paymentIntents.capture(other, {
      amount_to_capture: 1_000,
      expand: ['latest_charge', 'payment_method'],
    });
    expect(simulator.requests.at(-1)?.params).toEqual(mine.at(-1)?.params);

    const money = { amount: 300, currency: 'EUR' };
    await ours.refund({ reference: 'rfd_1', payment, money });
    const refund = simulator.requests.at(-1);
    const again = await theirs.refunds.create(
      {
        ...{ payment_intent: payment.providerReference, amount: 300 },
        metadata: { reference: 'rfd_1', payment: payment.reference },
      },
      { idempotencyKey: 'rfd_1' },
    );
    expect(simulator.requests.at(-1)).toEqual(refund);
    expect(again).toMatchObject({ object: 'refund', status: 'succeeded', amount: 300 });

    const third = await reserved('chg_5');
    expect(await theirs.paymentIntents.cancel(third)).toMatchObject({ status: 'canceled' });
  });

  it('makes a page with the same parameters', async () => {
    await ours.hostedPage({
      reference: 'chg_6',
      money: { amount: 1_250, currency: 'EUR' },
      description: null,
      language: 'en',
      keep: false,
      returnUrl: 'https://pay.example/done',
      expiresAt: '2026-11-22T00:30:00Z',
    });
    const mine = simulator.requests.at(-1);
    const session = await theirs.checkout.sessions.create(
      {
        mode: 'payment',
        client_reference_id: 'chg_6',
        metadata: { reference: 'chg_6' },
        payment_intent_data: { metadata: { reference: 'chg_6' } },
        allowed_payment_method_types: ['card'],
        payment_method_options: { card: { request_three_d_secure: 'any' } },
        line_items: [
          {
            quantity: 1,
            price_data: { currency: 'eur', unit_amount: 1_250, product_data: { name: 'chg_6' } },
          },
        ],
        locale: 'en',
        success_url: 'https://pay.example/done',
        cancel_url: 'https://pay.example/done',
        expires_at: 1_795_307_460,
      },
      { idempotencyKey: 'chg_6:page' },
    );
    expect(simulator.requests.at(-1)).toEqual(mine);
    expect(session).toMatchObject({ status: 'open', amount_total: 1_250 });
  });

  it('makes a page that keeps the card with the same parameters, and reads what became of it', async () => {
    const money = { amount: 1_250, currency: 'EUR' };
    const { providerReference } = await ours.hostedPage({
      ...{ reference: 'chg_9', money, description: null, language: 'en', keep: true },
      ...{ returnUrl: 'https://pay.example/done', expiresAt: '2026-11-22T00:30:00Z' },
    });
    const mine = simulator.requests.at(-1)?.params ?? {};
    const data = { setup_future_usage: 'off_session', metadata: { reference: 'chg_9' } } as const;
    await theirs.checkout.sessions.create({
      ...{ mode: 'payment', customer_creation: 'always', payment_intent_data: data },
      ...{ line_items: [], success_url: 'https://pay.example/done' },
    });
    expect(mine).toMatchObject(simulator.requests.at(-1)?.params ?? {});

    simulator.account.pay(providerReference, 'approve');
    const expand = ['payment_intent.latest_charge', 'payment_intent.payment_method'];
    const session = await theirs.checkout.sessions.retrieve(providerReference, { expand });
    const intent = session.payment_intent as Stripe.PaymentIntent;
    const method = intent.payment_method as Stripe.PaymentMethod;
    expect(method).toMatchObject({ customer: session.customer, card: { brand: 'visa', last4: '4242' } });
    expect(intent).toMatchObject({ setup_future_usage: 'off_session', customer: session.customer });
    expect(await ours.lookUp({ reference: 'chg_9', providerReference })).toMatchObject({
      stored: `${session.customer as string}/${method.id}`,
    });
  });

  it('tells the simulator’s refusals apart', async () => {
    const intent = await theirs.paymentIntents.create({ amount: 1_250, currency: 'eur' });
    simulator.account.nextDecline = { code: 'card_declined', decline_code: 'insufficient_funds' };
    const card = { type: 'card', card: { number: '4242424242424242', exp_month: 7, exp_year: 2034 } };
    await expect(
      theirs.paymentIntents.confirm(intent.id, { payment_method_data: card }),
    ).rejects.toMatchObject({ type: 'StripeCardError', decline_code: 'insufficient_funds' });
    await expect(theirs.paymentIntents.retrieve('pi_nobody')).rejects.toMatchObject({
      type: 'StripeInvalidRequestError',
      code: 'resource_missing',
      statusCode: 404,
    });
    const same = { idempotencyKey: 'one' };
    await theirs.customers.create({ metadata: { reference: 'a' } }, same);
    await expect(theirs.customers.create({ metadata: { reference: 'b' } }, same)).rejects.toMatchObject({
      type: 'StripeIdempotencyError',
    });
    simulator.next('nothing_then_500');
    await expect(theirs.refunds.create({ payment_intent: intent.id })).rejects.toMatchObject({
      type: 'StripeAPIError',
    });
  });

  it('believes the simulator’s webhooks', () => {
    const notice = simulator.notice('payment_intent.succeeded', { id: 'pi_1' }, Date.now(), 'evt_7');
    const { body, headers } = notice;
    const read = theirs.webhooks.constructEvent(body, headers['stripe-signature'], simulator.webhookSecret);
    expect(read).toMatchObject({ id: 'evt_7', type: 'payment_intent.succeeded' });
  });
});

function chargeOf(reference: string): AuthorizeRequest {
  const card = { brand: 'visa', number: digits('4242424242424242'), expMonth: 7, expYear: 2034 } as const;
  return {
    reference,
    instrument: { kind: 'card', card, code: digits('123') },
    entry: 'moto',
    stored: false,
    sending: async () => {},
    money: { amount: 1_250, currency: 'EUR' },
    capture: true,
    unattended: false,
    networkTransactionId: null,
    network: null,
    description: 'order 7',
  };
}

/** The name of a payment that is reserved. */
async function reserved(reference: string): Promise<string> {
  const outcome = await ours.authorize({ ...chargeOf(reference), capture: false });
  return outcome.providerReference ?? '';
}

function digits(text: string): Secret {
  return Secret.of(Uint8Array.from(text, Number));
}
