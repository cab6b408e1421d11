import { describe, expect, it } from '@jest/globals';
import { Stripe } from 'stripe';
import { StripePsp } from '../../../src/psp/stripe/stripe-psp.js';
import { ManualClock } from '../../support/manual-clock.js';
import {
  charge,
  checkoutSession,
  event,
  paymentIntent,
  refund,
  setupIntent,
  type CardFacts,
} from '../../support/stripe-objects.js';

const OLD = 'whsec_theOldOneOfThisEndpoint';
const NEW = 'whsec_theNewOneOfThisEndpoint';
const NOW = Date.UTC(2026, 10, 22);
const SECONDS = NOW / 1_000;
const ours = { id: 'pi_1', reference: 'chg_1' };

const CARD: CardFacts = {
  ...{ brand: 'visa', last4: '4242', expMonth: 12, expYear: 2034, networks: ['visa'], codeCheck: 'pass' },
  fingerprint: 'simulatedCard001',
};

const { webhooks } = new Stripe('sk_test_notUsedForWebhooks');
const psp = new StripePsp({
  secretKey: 'sk_test_notUsedForWebhooks',
  webhookSecrets: [OLD, NEW],
  clock: new ManualClock(NOW),
});

describe('webhook', () => {
  it.each([
    ['payment_intent.succeeded', paymentIntent(ours, {}), 'chg_1', 'pi_1'],
    ['payment_intent.payment_failed', paymentIntent(ours, {}), 'chg_1', 'pi_1'],
    ['payment_intent.canceled', paymentIntent(ours, {}), 'chg_1', 'pi_1'],
    ['setup_intent.setup_failed', setupIntent({ id: 'seti_1', reference: 'vrf_1' }, {}), 'vrf_1', 'seti_1'],
    ['checkout.session.completed', checkoutSession({ id: 'cs_1', reference: 'chg_2' }, {}), 'chg_2', 'cs_1'],
    ['checkout.session.expired', checkoutSession({ id: 'cs_1', reference: 'chg_2' }, {}), 'chg_2', 'cs_1'],
    [
      'refund.failed',
      refund({
        id: 're_1',
        reference: 'rfd_1',
        intent: 'pi_1',
        charge: 'ch_1',
        amount: 100,
        currency: 'eur',
        status: 'failed',
      }),
      'rfd_1',
      'pi_1',
    ],
    [
      'charge.refunded',
      charge({
        ...{ id: 'ch_1', reference: 'chg_1', intent: 'pi_1', amount: 100, currency: 'eur', captured: true },
        ...{ network: 'visa', card: CARD },
      }),
      'chg_1',
      'pi_1',
    ],
  ])('tells of %s', (type, object, reference, providerReference) => {
    const payment = { reference, providerReference };
    expect(heard(type, object)).toEqual({ id: 'evt_1', payment, refund: /refund/.test(type) });
  });

  it('names the payment of a refund of ours', () => {
    const back = refund({
      ...{ id: 're_1', reference: 'rfd_1', intent: 'pi_1', charge: 'ch_1', amount: 100, currency: 'eur' },
      status: 'succeeded',
    });
    Object.assign(back, { metadata: { reference: 'rfd_1', payment: 'chg_1' } });
    expect(heard('refund.updated', back)).toMatchObject({ payment: { reference: 'chg_1' } });
  });

  it('believes either secret while they rotate', () => {
    const body = JSON.stringify(event('evt_1', 'payment_intent.succeeded', paymentIntent(ours, {})));
    for (const secret of [OLD, NEW]) expect(psp.webhook(...signed(body, { secret }))).not.toBeNull();
    expect(psp.webhook(...signed(body, { secret: 'whsec_anotherEndpoint' }))).toBeNull();
  });

  it('believes any one of several signatures', () => {
    const [body, headers] = signed('{}', { secret: NEW });
    const several = headers['stripe-signature'].replace('v1=', `v1=${'0'.repeat(64)},v0=abc,v1=`);
    expect(psp.webhook(body, { 'stripe-signature': several })).toBe('irrelevant');
  });

  it.each([
    [SECONDS - 300, 'irrelevant'],
    [SECONDS - 301, null],
    [SECONDS + 300, 'irrelevant'],
    [SECONDS + 301, null],
  ])('believes a signature of %i as %s', (timestamp, result) => {
    expect(psp.webhook(...signed('{}', { timestamp }))).toBe(result);
  });

  it('does not believe a body that was changed, or moved to another time', () => {
    const [body, headers] = signed('{"amount":100}');
    expect(psp.webhook(Buffer.from('{"amount":900}'), headers)).toBeNull();
    const moved = headers['stripe-signature'].replace(`t=${SECONDS}`, `t=${SECONDS + 1}`);
    expect(psp.webhook(body, { 'stripe-signature': moved })).toBeNull();
  });

  it.each(['', 't=1,v1=', 'v1=00', `t=${SECONDS}`, `t=${SECONDS},v1=${'0'.repeat(63)}`, 't=x,v1=y', ',,,='])(
    'does not believe the header %j',
    (header) => {
      expect(psp.webhook(Buffer.from('{}'), { 'stripe-signature': header })).toBeNull();
    },
  );

  it('does not believe what has no signature, or no secret to check it with', () => {
    const [body, headers] = signed('{}');
    expect(psp.webhook(body, {})).toBeNull();
    const clock = new ManualClock(NOW);
    const deaf = new StripePsp({ secretKey: 'sk_test_deaf', webhookSecrets: [], clock });
    expect(deaf.webhook(body, headers)).toBeNull();
  });

  it('passes over what is signed and tells of nothing of ours', () => {
    const strangers = paymentIntent({ id: 'pi_9', reference: null }, {});
    expect(heard('payment_intent.succeeded', strangers)).toBe('irrelevant');
    expect(heard('payment_intent.created', paymentIntent(ours, {}))).toBe('irrelevant');
    expect(heard('invoice.paid', { id: 'in_1' })).toBe('irrelevant');
    for (const body of ['', 'null', '[]', '{"id":7}', '<html>']) {
      expect(psp.webhook(...signed(body))).toBe('irrelevant');
    }
  });
});

function heard(type: string, object: unknown) {
  return psp.webhook(...signed(JSON.stringify(event('evt_1', type, object))));
}

/** As Stripe signs: by the package that Stripe publishes. */
function signed(payload: string, { secret = OLD, timestamp = SECONDS } = {}) {
  const header = webhooks.generateTestHeaderString({ payload, secret, timestamp });
  return [Buffer.from(payload), { 'stripe-signature': header }] as const;
}
