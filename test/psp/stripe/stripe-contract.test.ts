import { systemClock, type Clock } from '../../../src/clock.js';
import { ABILITIES, type Ability } from '../../../src/psp/psp.js';
import { fromStripe } from '../../../src/psp/stripe/stripe-amounts.js';
import { StripePsp } from '../../../src/psp/stripe/stripe-psp.js';
import { describePsp, type PspFault, type PspUnderTest } from '../../contract/psp.contract.js';
import type { Movement } from '../../support/stripe-account.js';
import { StripeSimulator } from '../../support/stripe-simulator.js';

describePsp('StripePsp', start);

async function start(): Promise<PspUnderTest> {
  let ahead = 0;
  const stripe = await StripeSimulator.start();
  const waiting = new Set<() => void>();
  // Time is over as soon as there will be no answer, however slow the machine.
  stripe.onSilence = () => waiting.forEach((task) => task());
  const clock: Clock = {
    ...systemClock,
    now: () => Date.now() + ahead,
    after(_ms, task) {
      waiting.add(task);
      return () => void waiting.delete(task);
    },
  };
  const opened: StripePsp[] = [];
  const account = (apiUrl: string, abilities: readonly Ability[] = ABILITIES): StripePsp => {
    const { secretKey, webhookSecret, ca } = stripe;
    const psp = new StripePsp({
      ...{ secretKey, webhookSecrets: [webhookSecret] },
      ...{ clock, apiUrl, ca, abilities },
    });
    opened.push(psp);
    return psp;
  };
  return {
    psp: account(stripe.url),
    without: (ability) =>
      account(
        stripe.url,
        ABILITIES.filter((one) => one !== ability),
      ),
    unreachable: account('https://127.0.0.1:1'),
    cards: {
      good: '4242424242424242',
      coBadged: '4000002500001001',
      declined: '4000000000000002',
      wrongCode: '4000000000000127',
      authentication: '4000002760003184',
    },
    next(fault: PspFault) {
      stripe.next(fault);
    },
    moved(reference) {
      const amounts = (kind: Movement['kind']) =>
        stripe.account.movements
          .filter((movement) => movement.kind === kind && movement.references.includes(reference))
          .map(({ amount }) => fromStripe(amount, 'eur').amount);
      const sum = (kind: Movement['kind']) => amounts(kind).reduce((all, amount) => all + amount, 0);
      return {
        reserved: sum('reserved') - sum('released'),
        taken: sum('taken'),
        refunded: sum('refunded'),
        takings: amounts('taken').length,
      };
    },
    async pay(page, agreed, number) {
      stripe.account.pay(page.providerReference, agreed ? 'approve' : 'refuse', number);
    },
    kept: () => stripe.account.storedCards.length,
    flagsOf(reference) {
      const path = `POST payment_intents/${stripe.account.intentOf(reference)?.id}/confirm`;
      const params = stripe.requests.find(({ what }) => what === path)?.params ?? {};
      return {
        moto: params['payment_method_options[card][moto]'] === 'true',
        unattended: params['off_session'] === 'true',
      };
    },
    notice(reference) {
      if (reference === null) return stripe.notice('account.updated', { id: 'acct_1' }, clock.now());
      const intent = stripe.account.intentOf(reference);
      return stripe.notice('payment_intent.succeeded', intent, clock.now());
    },
    refundElsewhere(reference, amount) {
      const charge = stripe.account.refundInDashboard(reference, amount);
      return stripe.notice('charge.refunded', charge, clock.now());
    },
    later(ms) {
      ahead += ms;
    },
    async close() {
      for (const psp of opened) await psp.close();
      stripe.close();
    },
  };
}
