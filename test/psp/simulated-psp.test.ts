import { systemClock } from '../../src/clock.js';
import { ABILITIES, type Ability } from '../../src/psp/psp.js';
import { SimulatedPsp } from '../../src/psp/simulated-psp.js';
import type { Fault } from '../../src/psp/simulated/fault.js';
import { SimulatedProvider } from '../../src/psp/simulated/simulated-provider.js';
import { describePsp, type PspFault, type PspUnderTest } from '../contract/psp.contract.js';
import { payOnPage } from '../support/payer.js';
import { strangeNotice, WEBHOOK_SECRET } from '../support/provider-notice.js';

const FAULTS: Readonly<Record<PspFault, Fault>> = {
  took_then_silent: 'done_then_silent',
  took_then_500: 'done_then_500',
  took_then_cut: 'done_then_cut',
  took_then_garbage: 'done_then_garbage',
  took_then_huge: 'done_then_huge',
  answers_twice: 'done_then_twice',
  nothing_then_500: 'nothing_then_500',
  echo: 'echo',
  raw_cards_off: 'raw_cards_off',
};

describePsp('SimulatedPsp', start);

async function start(): Promise<PspUnderTest> {
  let ahead = 0;
  const clock = { ...systemClock, now: () => Date.now() + ahead };
  const provider = await SimulatedProvider.start({
    ...{ secret: 'sk_simulated', webhookSecret: WEBHOOK_SECRET, webhookUrl: null, clock, acquirerMs: 10 },
  });
  const opened: SimulatedPsp[] = [];
  const account = (url: string, abilities: readonly Ability[] = ABILITIES): SimulatedPsp => {
    const { ca } = provider;
    const options = { url, ca, abilities, secret: 'sk_simulated', webhookSecrets: [WEBHOOK_SECRET], clock };
    const psp = new SimulatedPsp({ ...options, timeoutMs: 300 });
    opened.push(psp);
    return psp;
  };
  return {
    psp: account(provider.url),
    without: (ability) =>
      account(
        provider.url,
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
    next: (fault) => provider.faults.next(FAULTS[fault]),
    moved(reference) {
      const sum = (kind: 'reserve' | 'release' | 'take' | 'refund') => provider.ledger.of(reference, kind);
      return {
        reserved: sum('reserve').amount - sum('release').amount,
        taken: sum('take').amount,
        refunded: sum('refund').amount,
        takings: sum('take').times,
      };
    },
    async pay(page, agreed, card) {
      await payOnPage(page.url, { agreed, ...(card !== undefined && { card }) });
    },
    kept: () => provider.storedCards.length,
    flagsOf(reference) {
      const { entry, unattended } = provider.orderOf(reference) ?? {};
      return { moto: entry === 'moto', unattended: unattended === true };
    },
    notice(reference) {
      const { body, headers } = (reference === null ? null : provider.noticeOf(reference)) ?? strangeNotice();
      return { body: Buffer.from(body), headers };
    },
    refundElsewhere(reference, amount) {
      const { body, headers } = provider.refundInConsole(reference, amount) ?? strangeNotice();
      return { body: Buffer.from(body), headers };
    },
    later(ms) {
      ahead += ms;
    },
    async close() {
      for (const psp of opened) await psp.close();
      await provider.close();
    },
  };
}
