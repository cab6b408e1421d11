import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../src/clock.js';
import type { AuthorizeRequest, CardRequest, Money, PageRequest, Psp } from '../../../src/psp/psp.js';
import { StripePsp } from '../../../src/psp/stripe/stripe-psp.js';
import { Secret } from '../../../src/secret.js';
import { ManualClock } from '../../support/manual-clock.js';
import { StripeSimulator, type StripeFault } from '../../support/stripe-simulator.js';

const GOOD = '4242424242424242';
const TWELVE_EUROS: Money = { amount: 1_250, currency: 'EUR' };

let stripe: StripeSimulator;
let psp: Psp;
let drawn = 0;

beforeAll(async () => {
  stripe = await StripeSimulator.start();
  psp = pspOf({});
});

beforeEach(() => {
  stripe.requests.length = 0;
  stripe.account.movements.length = 0;
});

afterAll(async () => {
  await psp.close();
  stripe.close();
});

describe('authorize', () => {
  it('makes the intent without the card, names it, and only then sends the card', async () => {
    const order: string[] = [];
    const request = chargeOf({
      sending: async (name) => {
        order.push(`sending ${name}`, ...stripe.requests.map(({ what }) => what));
      },
    });
    expect(await psp.authorize(request)).toEqual({
      status: 'approved',
      providerReference: nameOf(request),
      networkTransactionId: expect.stringMatching(/^ntid_of_ch_/),
      codeCheck: 'match',
      card: null,
      stored: null,
      networks: ['visa'],
      network: 'visa',
      money: TWELVE_EUROS,
    });
    expect(order).toEqual([`sending ${nameOf(request)}`, 'POST payment_intents']);
    expect(stripe.requests).toEqual([
      {
        what: 'POST payment_intents',
        key: `${request.reference}:create`,
        params: {
          amount: '1250',
          currency: 'eur',
          capture_method: 'automatic',
          'allowed_payment_method_types[0]': 'card',
          'metadata[reference]': request.reference,
          description: 'order 7',
        },
      },
      {
        what: `POST payment_intents/${nameOf(request)}/confirm`,
        key: `${request.reference}:confirm`,
        params: {
          'expand[0]': 'latest_charge',
          'expand[1]': 'payment_method',
          error_on_requires_action: 'true',
          'payment_method_options[card][moto]': 'true',
          'payment_method_data[type]': 'card',
          'payment_method_data[card][exp_month]': '7',
          'payment_method_data[card][exp_year]': '2034',
          'payment_method_data[card][number]': GOOD,
          'payment_method_data[card][cvc]': '123',
        },
      },
    ]);
  });

  it('sends nothing when the name can not be kept', async () => {
    const failure = new Error('Redis is away');
    const request = chargeOf({ sending: () => Promise.reject(failure) });
    await expect(psp.authorize(request)).rejects.toBe(failure);
    expect(stripe.requests.map(({ what }) => what)).toEqual(['POST payment_intents']);
  });

  it('takes the money once for the same reference', async () => {
    const request = chargeOf();
    const first = await psp.authorize(request);
    expect(await psp.authorize(request)).toEqual(first);
    expect(stripe.account.movements).toHaveLength(1);
  });

  it.each([
    ['4000000000000002', 'card_declined', 'generic_decline'],
    ['4000000000000069', 'expired_card', 'expired_card'],
    ['4000000000000119', 'processing_error', 'processing_error'],
    ['4000000000000127', 'incorrect_cvc', 'incorrect_cvc'],
    ['4000000000009995', 'insufficient_funds', 'insufficient_funds'],
    ['4000002760003184', 'authentication_required', 'authentication_required'],
  ])('is declined for %s', async (number, code, providerCode) => {
    const request = chargeOf({ number });
    const outcome = { status: 'declined', providerReference: '', code, providerCode };
    const declined = await psp.authorize(request);
    expect(declined).toEqual({ ...outcome, providerReference: nameOf(request) });
    expect(await psp.lookUp(nameIn(request))).toEqual({ ...declined, refunded: 0 });
    expect(stripe.account.movements).toEqual([]);
  });

  it('reads the issuer’s wish for authentication behind a broader code', async () => {
    stripe.account.nextDecline = {
      code: 'card_declined',
      decline_code: 'do_not_honor',
      network_decline_code: 'A1',
    };
    expect(await psp.authorize(chargeOf())).toMatchObject({
      code: 'authentication_required',
      providerCode: 'a1',
    });
  });

  it('tells of a code that was wrong and approved all the same', async () => {
    expect(await psp.authorize(chargeOf({ code: '999' }))).toMatchObject({
      status: 'approved',
      codeCheck: 'mismatch',
    });
    expect(await psp.authorize(chargeOf({ code: null }))).toMatchObject({ codeCheck: null });
  });

  it('charges a co-badged card as the payer chose', async () => {
    const number = '4000002500001001';
    const networks = ['cartes_bancaires', 'visa'];
    expect(await psp.authorize(chargeOf({ number }))).toMatchObject({
      networks,
      network: 'cartes_bancaires',
    });
    expect(await psp.authorize(chargeOf({ number, network: 'visa' }))).toMatchObject({
      networks,
      network: 'visa',
    });
  });

  it('flags a telephone order, and nothing else, as one', async () => {
    await psp.authorize(chargeOf({ entry: 'ecommerce' }));
    expect(lastParams()).not.toHaveProperty('payment_method_options[card][moto]');
    await psp.authorize(chargeOf({ unattended: true, networkTransactionId: 'ntid_1' }));
    expect(lastParams()).not.toHaveProperty('payment_method_options[card][moto]');
    expect(lastParams()).toMatchObject({
      off_session: 'true',
      'payment_method_options[card][mit_exemption][network_transaction_id]': 'ntid_1',
    });
  });

  it('tells the network of a card that is kept', async () => {
    await psp.authorize(chargeOf({ stored: true }));
    expect(stripe.requests[0]?.params).toMatchObject({ setup_future_usage: 'off_session' });
  });

  it('refuses an amount or currency outside its bounds before anything is sent', async () => {
    const cannot = { code: 'psp_cannot' };
    await expect(psp.authorize(chargeOf({ money: { amount: 49, currency: 'EUR' } }))).rejects.toMatchObject(
      cannot,
    );
    await expect(psp.authorize(chargeOf({ money: { amount: 500, currency: 'SYP' } }))).rejects.toMatchObject(
      cannot,
    );
    expect(stripe.requests).toEqual([]);
  });

  it('says so when an amount is too small for the account alone', async () => {
    const money = { amount: 40, currency: 'KRW' };
    await expect(psp.authorize(chargeOf({ money }))).rejects.toMatchObject({
      code: 'psp_cannot',
      message:
        'Stripe does not take this amount: it is too small or too large in the currency that the account settles in',
    });
  });

  it.each<[StripeFault, string]>([
    ['took_then_500', 'server_error'],
    ['took_then_cut', 'cut_off'],
    ['took_then_garbage', 'unreadable'],
    ['took_then_huge', 'unreadable'],
  ])('does not know after %s, and a look-up does', async (fault, why) => {
    const request = chargeOf();
    stripe.next(fault);
    const providerReference = (await psp.authorize(request)) as { providerReference: string };
    expect(providerReference).toEqual({ status: 'unknown', providerReference: nameOf(request), why });
    expect(await psp.lookUp(nameIn(request))).toMatchObject({
      status: 'approved',
      money: TWELVE_EUROS,
      refunded: 0,
    });
    expect(stripe.account.movements).toHaveLength(1);
  });

  it('does not know when there is no answer in time', async () => {
    const clock = new ManualClock();
    const impatient = pspOf({ clock });
    stripe.next('took_then_silent');
    const request = chargeOf();
    stripe.onSilence = () => clock.advance(25_000);
    expect(await impatient.authorize(request)).toEqual({
      status: 'unknown',
      providerReference: nameOf(request),
      why: 'timed_out',
    });
    await impatient.close();
  });

  it('knows what was not done', async () => {
    const request = chargeOf();
    stripe.next('nothing_then_500');
    expect(await psp.authorize(request)).toMatchObject({ status: 'unknown', why: 'server_error' });
    expect(await psp.lookUp(nameIn(request))).toEqual({ status: 'absent' });
    stripe.next('nothing_then_409');
    expect(await psp.authorize(chargeOf())).toMatchObject({ status: 'unknown', why: 'still_running' });
    stripe.next('nothing_then_429');
    await expect(psp.authorize(chargeOf())).rejects.toMatchObject({ code: 'psp_unavailable' });
    expect(stripe.account.movements).toEqual([]);
  });

  it('reads the first of two answers', async () => {
    stripe.next('answers_twice');
    expect(await psp.authorize(chargeOf())).toMatchObject({ status: 'approved' });
    expect(await psp.authorize(chargeOf())).toMatchObject({ status: 'approved' });
    expect(stripe.account.movements).toHaveLength(2);
  });

  it('does not take the answer about another payment for its own', async () => {
    const id = nameOf(await charged());
    const request = chargeOf({
      sending: async () => {
        stripe.onAnswer = (answer) => ({ ...answer, body: { ...(answer.body as object), id } });
      },
    });
    expect(await psp.authorize(request)).toMatchObject({ status: 'unknown', why: 'unreadable' });
    await expect(psp.lookUp(nameIn(request))).rejects.toMatchObject({ code: 'psp_unavailable' });
    stripe.onAnswer = (answer) => answer;
  });

  it('repeats nothing of a card that Stripe repeats', async () => {
    stripe.next('echo');
    const outcome = await psp.authorize(chargeOf());
    expect(outcome).toMatchObject({
      status: 'declined',
      code: 'card_declined',
      providerCode: expect.stringMatching(/^declined_x+_$/),
    });
  });

  it('says what to ask Stripe for when the account takes no card numbers', async () => {
    stripe.next('raw_cards_off');
    await expect(psp.authorize(chargeOf())).rejects.toMatchObject({
      code: 'psp_misconfigured',
      message: expect.stringContaining('ask Stripe support for the raw card data APIs'),
    });
  });

  it('says what to ask Stripe for when the account takes no telephone orders', async () => {
    stripe.account.switchedOn.moto = false;
    await expect(psp.authorize(chargeOf())).rejects.toMatchObject({
      code: 'psp_misconfigured',
      message: expect.stringContaining('ask Stripe support to switch on MOTO payments'),
    });
    stripe.account.switchedOn.moto = true;
  });

  it('says so when Stripe does not accept the key', async () => {
    const stranger = pspOf({ secretKey: 'sk_test_anotherAccount' });
    await expect(stranger.authorize(chargeOf())).rejects.toMatchObject({
      code: 'psp_misconfigured',
      message: expect.stringContaining('STRIPE_SECRET_KEY'),
    });
    await stranger.close();
  });

  it('says so when Stripe is not reached, and has done nothing', async () => {
    const nowhere = pspOf({ apiUrl: 'https://127.0.0.1:1' });
    let sent = 0;
    const request = chargeOf({ sending: async () => void sent++ });
    await expect(nowhere.authorize(request)).rejects.toMatchObject({ code: 'psp_unavailable' });
    expect(sent).toBe(0);
    await nowhere.close();
  });
});

describe('capture and void', () => {
  it('take less than was reserved', async () => {
    const request = chargeOf({ capture: false });
    expect(await psp.authorize(request)).toMatchObject({ status: 'approved', money: TWELVE_EUROS });
    const part = { amount: 1_000, currency: 'EUR' };
    expect(await psp.capture(nameIn(request), part)).toMatchObject({ status: 'approved', money: part });
    expect(await psp.capture(nameIn(request), part)).toMatchObject({ status: 'approved', money: part });
    expect(stripe.account.movements.map(({ kind, amount }) => [kind, amount])).toEqual([
      ['reserved', 1_250],
      ['released', 1_250],
      ['taken', 1_000],
    ]);
  });

  it('give back what was reserved', async () => {
    const request = chargeOf({ capture: false });
    await psp.authorize(request);
    const given = { status: 'succeeded', providerReference: nameOf(request) };
    expect(await psp.void(nameIn(request))).toEqual(given);
    expect(await psp.void(nameIn(request))).toEqual(given);
    expect(await psp.lookUp(nameIn(request))).toMatchObject({ status: 'approved', refunded: 1_250 });
    expect(await psp.capture(nameIn(request), TWELVE_EUROS)).toMatchObject({
      status: 'declined',
      providerCode: 'canceled',
    });
  });

  it('end an intent that was never confirmed, so that nothing can be taken any more', async () => {
    const request = chargeOf({ sending: () => Promise.reject(new Error('gone')) });
    await expect(psp.authorize(request)).rejects.toThrow('gone');
    expect(await psp.lookUp(nameIn(request))).toEqual({ status: 'absent' });
    expect(await psp.void(nameIn(request))).toMatchObject({ status: 'succeeded' });
    expect(await psp.authorize(chargeOf({ reference: request.reference }))).toMatchObject({
      status: 'unknown',
    });
    expect(await psp.lookUp(nameIn(request))).toMatchObject({ status: 'declined', providerCode: 'canceled' });
    expect(stripe.account.movements).toEqual([]);
  });

  it('can not give back what was taken: that is a refund', async () => {
    const request = chargeOf();
    await psp.authorize(request);
    expect(await psp.void(nameIn(request))).toEqual({
      status: 'failed',
      providerCode: 'payment_intent_unexpected_state',
    });
  });
});

describe('refund', () => {
  it('gives parts back, and never more than was taken', async () => {
    const payment = nameIn(await charged());
    const part = (reference: string, amount: number) => ({
      reference,
      payment,
      money: { amount, currency: 'EUR' },
    });
    const first = part(referenceNext(), 1_000);
    const done = await psp.refund(first);
    expect(done).toEqual({ status: 'succeeded', providerReference: expect.stringMatching(/^re_/) });
    expect(await psp.refund(first)).toEqual(done);
    expect(await psp.lookUpRefund(first)).toEqual(done);
    expect(await psp.refund(part(referenceNext(), 251))).toMatchObject({ status: 'failed' });
    expect(await psp.refund(part(referenceNext(), 250))).toMatchObject({ status: 'succeeded' });
    expect(await psp.refund(part(referenceNext(), 50))).toEqual({
      status: 'failed',
      providerCode: 'charge_already_refunded',
    });
    expect(await psp.lookUp(payment)).toMatchObject({ status: 'approved', refunded: 1_250 });
  });

  it('is looked up after an answer that was lost', async () => {
    const refund = { reference: referenceNext(), payment: nameIn(await charged()), money: TWELVE_EUROS };
    expect(await psp.lookUpRefund(refund)).toEqual({ status: 'absent' });
    stripe.next('took_then_500');
    expect(await psp.refund(refund)).toEqual({ status: 'unknown', why: 'server_error' });
    expect(await psp.lookUpRefund(refund)).toMatchObject({ status: 'succeeded' });
  });

  it('finds no money under a name that nobody paid under', async () => {
    const payment = { reference: 'chg_nobody', providerReference: null };
    const refund = { reference: referenceNext(), payment, money: TWELVE_EUROS };
    expect(await psp.refund(refund)).toEqual({ status: 'failed', providerCode: 'no_payment' });
    expect(await psp.lookUpRefund(refund)).toEqual({ status: 'absent' });
    expect(await psp.void(payment)).toEqual({ status: 'failed', providerCode: 'no_payment' });
  });
});

describe('lookUp', () => {
  it('finds a payment by our name alone', async () => {
    const request = await charged("o'brien\\7");
    const byName = { reference: request.reference, providerReference: null };
    expect(await psp.lookUp(byName)).toMatchObject({
      status: 'approved',
      providerReference: nameOf(request),
      networkTransactionId: expect.any(String),
    });
    expect(await psp.lookUp({ reference: 'chg_nobody', providerReference: null })).toEqual({
      status: 'absent',
    });
    expect(await psp.lookUp({ reference: 'chg_nobody', providerReference: 'pi_nobody' })).toEqual({
      status: 'absent',
    });
  });

  it('says so when it can not be had', async () => {
    const nowhere = pspOf({ apiUrl: 'https://127.0.0.1:1' });
    const lookUp = nowhere.lookUp({ reference: 'chg_1', providerReference: 'pi_1' });
    await expect(lookUp).rejects.toMatchObject({ code: 'psp_unavailable' });
    await nowhere.close();
  });
});

describe('verify and tokenize', () => {
  it('ask whether a card is good, for nothing', async () => {
    const request = cardOf();
    const outcome = await psp.verify(request);
    expect(outcome).toEqual({
      status: 'approved',
      providerReference: expect.stringMatching(/^seti_/),
      networkTransactionId: null,
      codeCheck: 'match',
      card: null,
      stored: null,
      networks: ['visa'],
      network: null,
      money: null,
    });
    expect(lastParams()).toMatchObject({ 'payment_method_options[card][moto]': 'true' });
    const { providerReference } = outcome;
    expect(await psp.lookUp({ reference: request.reference, providerReference })).toEqual({
      ...outcome,
      refunded: 0,
    });
    expect(await psp.verify(cardOf({ number: '4000000000000127' }))).toMatchObject({
      status: 'declined',
      code: 'incorrect_cvc',
    });
    expect(stripe.account.movements).toEqual([]);
  });

  it('know a verification that was never sent', async () => {
    let name: string | null = null;
    const failing = cardOf({
      sending: (given) => {
        name = given;
        return Promise.reject(new Error('gone'));
      },
    });
    await expect(psp.verify(failing)).rejects.toThrow('gone');
    expect(await psp.lookUp({ reference: failing.reference, providerReference: name })).toEqual({
      status: 'absent',
    });
  });

  it('have Stripe keep a card, charge it later, and forget it', async () => {
    const kept = await psp.tokenize(cardOf({ stored: true }));
    if (kept.status !== 'approved') throw new Error(`it is ${kept.status}`);
    expect(kept.stored).toMatch(/^cus_\w+\/pm_\w+$/);
    const later = chargeOf({ kept: kept.stored, unattended: true, stored: true });
    expect(await psp.authorize(later)).toMatchObject({ status: 'approved', money: TWELVE_EUROS });
    expect(stripe.requests.at(-2)?.params).toMatchObject({ customer: kept.stored.split('/')[0] });
    expect(lastParams()).toMatchObject({ off_session: 'true', payment_method: kept.stored.split('/')[1] });
    await psp.forget(kept.stored);
    await psp.forget(kept.stored);
    expect(await psp.authorize(chargeOf({ kept: kept.stored }))).toEqual({
      status: 'declined',
      providerReference: null,
      code: 'card_declined',
      providerCode: 'resource_missing',
    });
  });

  it('refuse a card that another provider keeps', async () => {
    await expect(psp.authorize(chargeOf({ kept: 'sim_1' }))).rejects.toMatchObject({ code: 'psp_cannot' });
  });
});

describe('hosted page', () => {
  it('is paid, authenticated, by the payer', async () => {
    const request = pageOf();
    const page = await psp.hostedPage(request);
    expect(page.url).toMatch(/^https:\/\/checkout\.stripe\.com\//);
    expect(stripe.requests[0]).toEqual({
      what: 'POST checkout/sessions',
      key: `${request.reference}:page`,
      params: {
        mode: 'payment',
        client_reference_id: request.reference,
        'allowed_payment_method_types[0]': 'card',
        'metadata[reference]': request.reference,
        'payment_intent_data[metadata][reference]': request.reference,
        'payment_intent_data[description]': 'order 7',
        'payment_method_options[card][request_three_d_secure]': 'any',
        'line_items[0][quantity]': '1',
        'line_items[0][price_data][currency]': 'eur',
        'line_items[0][price_data][unit_amount]': '1250',
        'line_items[0][price_data][product_data][name]': 'order 7',
        locale: 'fr',
        success_url: 'https://pay.example/done',
        cancel_url: 'https://pay.example/done',
        expires_at: '1795307460',
      },
    });
    const name = { reference: request.reference, providerReference: page.providerReference };
    const open = { status: 'pending', providerReference: page.providerReference, step: 'open' };
    expect(await psp.lookUp(name)).toEqual(open);
    stripe.account.pay(page.providerReference, 'refuse');
    expect(await psp.lookUp(name)).toEqual(open);
    stripe.account.pay(page.providerReference, 'approve');
    const paid = await psp.lookUp(name);
    expect(paid).toMatchObject({ status: 'approved', money: TWELVE_EUROS, refunded: 0 });
    await psp.closePage(name);
    expect(
      await psp.refund({ reference: referenceNext(), payment: name, money: TWELVE_EUROS }),
    ).toMatchObject({
      status: 'succeeded',
    });
  });

  it('has Checkout keep the card where that is asked for, and charges it later', async () => {
    const request = { ...pageOf(), keep: true };
    const page = await psp.hostedPage(request);
    expect(stripe.requests[0]?.params).toMatchObject({
      'payment_intent_data[setup_future_usage]': 'off_session',
      customer_creation: 'always',
    });
    stripe.account.pay(page.providerReference, 'approve');
    const paid = await psp.lookUp({ reference: request.reference, ...page });
    expect(paid).toMatchObject({
      status: 'approved',
      card: { brand: 'visa', last4: '4242', expMonth: 12, expYear: 2034, fingerprint: expect.any(String) },
      stored: expect.stringMatching(/^cus_\w+\/pm_\w+$/),
    });
    const { stored } = paid as { stored: string };
    const later = chargeOf({ kept: stored, entry: 'ecommerce', unattended: true, stored: true });
    expect(await psp.authorize(later)).toMatchObject({ status: 'approved', card: null, stored: null });
    expect(lastParams()).toMatchObject({ off_session: 'true', payment_method: stored.split('/')[1] });
    expect(lastParams()).not.toHaveProperty('payment_method_options[card][moto]');
  });

  it('names no card that Checkout has not kept: Stripe would not charge it again', async () => {
    const request = pageOf();
    const page = await psp.hostedPage(request);
    stripe.account.pay(page.providerReference, 'approve');
    expect(await psp.lookUp({ reference: request.reference, ...page })).toMatchObject({ stored: null });
    const customer = (await psp.tokenize(cardOf({ stored: true }))) as { stored: string };
    const method = stripe.account.intentOf(request.reference)?.['payment_method'];
    const kept = `${customer.stored.split('/')[0]}/${String(method)}`;
    stripe.account.movements.length = 0;
    await expect(psp.authorize(chargeOf({ kept }))).rejects.toMatchObject({ code: 'psp_misconfigured' });
    expect(stripe.account.movements).toEqual([]);
  });

  it('is not said to be unpaid while a payment is processing, though it is closed', async () => {
    const request = pageOf();
    const { providerReference } = await psp.hostedPage(request);
    const name = { reference: request.reference, providerReference };
    stripe.account.pay(providerReference, 'refuse');
    const intent = stripe.account.intentOf(request.reference) ?? {};
    Object.assign(intent, { status: 'processing', last_payment_error: null });
    expect(await psp.lookUp(name)).toMatchObject({ status: 'pending', step: 'authenticated' });
    await psp.closePage(name);
    expect(await psp.lookUp(name)).toMatchObject({ status: 'unknown', why: 'still_running' });
    Object.assign(intent, { status: 'succeeded', amount_received: 1_250 });
    expect(await psp.lookUp(name)).toMatchObject({ status: 'approved', money: TWELVE_EUROS });
    Object.assign(intent, { status: 'canceled' });
    expect(await psp.lookUp(name)).toMatchObject({ status: 'declined', providerCode: 'expired' });
  });

  it('is closed, and nobody can pay there any more', async () => {
    const request = pageOf();
    const page = await psp.hostedPage(request);
    expect(await psp.hostedPage(request)).toEqual(page);
    const name = { reference: request.reference, providerReference: page.providerReference };
    await psp.closePage(name);
    await psp.closePage(name);
    expect(() => stripe.account.pay(page.providerReference, 'approve')).toThrow('nobody can pay there');
    expect(await psp.lookUp(name)).toEqual({
      status: 'declined',
      providerReference: page.providerReference,
      code: 'processing_error',
      providerCode: 'expired',
      refunded: 0,
    });
  });
});

describe('bounds and abilities', () => {
  it('are those of Stripe', () => {
    expect(psp.name).toBe('stripe');
    expect(psp.bounds('EUR')).toEqual({ least: 50, most: 99_999_999, step: 1 });
    expect([...psp.abilities]).toContain('raw_card');
  });
});

interface CardChange {
  reference?: string;
  number?: string;
  code?: string | null;
  kept?: string;
  stored?: boolean;
  entry?: 'moto' | 'ecommerce';
  sending?: CardRequest['sending'];
}

const names = new Map<string, string>();

function cardOf(change: CardChange = {}): CardRequest {
  const { number = GOOD, code = '123', kept, stored = false, entry = 'moto' } = change;
  const reference = change.reference ?? referenceNext();
  const card = { brand: 'visa', number: digits(number), expMonth: 7, expYear: 2034 } as const;
  return {
    reference,
    instrument:
      kept === undefined
        ? { kind: 'card', card, code: code === null ? null : digits(code) }
        : { kind: 'stored', reference: kept },
    entry,
    stored,
    sending: async (name) => {
      names.set(reference, name ?? '');
      await change.sending?.(name);
    },
  };
}

function chargeOf(change: CardChange & Partial<AuthorizeRequest> = {}): AuthorizeRequest {
  return {
    ...cardOf(change),
    money: change.money ?? TWELVE_EUROS,
    capture: change.capture ?? true,
    unattended: change.unattended ?? false,
    networkTransactionId: change.networkTransactionId ?? null,
    network: change.network ?? null,
    description: 'order 7',
  };
}

async function charged(reference = referenceNext()): Promise<AuthorizeRequest> {
  const request = chargeOf({ reference });
  expect(await psp.authorize(request)).toMatchObject({ status: 'approved' });
  return request;
}

function pageOf(): PageRequest {
  return {
    reference: referenceNext(),
    money: TWELVE_EUROS,
    description: 'order 7',
    language: 'fr',
    keep: false,
    returnUrl: 'https://pay.example/done',
    expiresAt: '2026-11-22T00:30:00Z',
  };
}

function nameOf({ reference }: CardRequest): string {
  return names.get(reference) ?? '';
}

function nameIn(request: CardRequest) {
  return { reference: request.reference, providerReference: nameOf(request) };
}

function lastParams(): Record<string, string> {
  return stripe.requests.at(-1)?.params ?? {};
}

function referenceNext(): string {
  return `chg_${++drawn}`;
}

function digits(text: string): Secret {
  return Secret.of(Uint8Array.from(text, Number));
}

function pspOf(change: Partial<ConstructorParameters<typeof StripePsp>[0]>): Psp {
  const { secretKey, webhookSecret, url, ca } = stripe;
  return new StripePsp({
    secretKey,
    webhookSecrets: [webhookSecret],
    clock: systemClock,
    apiUrl: url,
    ca,
    ...change,
  });
}
