import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/clock.js';
import { SimulatedPsp } from '../../src/psp/simulated-psp.js';
import { SimulatedProvider } from '../../src/psp/simulated/simulated-provider.js';
import { ManualClock } from '../support/manual-clock.js';
import { answerBank, typeCard } from '../support/payer.js';
import { WEBHOOK_SECRET } from '../support/provider-notice.js';
import { BUCKET, SHOP, startChargeWorld, type ChargeWorld } from './charge-world.js';

const HALF_AN_HOUR = 30 * 60_000;
const ACQUIRER_MS = 1_500;

/** The provider's: its acquirer answers when a test says so. */
const clock = new ManualClock(Date.now());
let provider: SimulatedProvider;
let psp: SimulatedPsp;
let world: ChargeWorld<SimulatedPsp>;

beforeAll(async () => {
  const secret = 'sk_simulated';
  const options = { secret, webhookSecret: WEBHOOK_SECRET, webhookUrl: null };
  provider = await SimulatedProvider.start({ ...options, clock, acquirerMs: ACQUIRER_MS });
  const { url, ca } = provider;
  psp = new SimulatedPsp({ url, ca, secret, webhookSecrets: [WEBHOOK_SECRET], clock: systemClock });
  world = await startChargeWorld(psp);
});
afterAll(async () => {
  await world.stop();
  await psp.close();
  await provider.close();
});
afterEach(async () => {
  world.steps.length = 0;
  await world.server.admin.flushall();
});

/** A charge whose payer is known to his bank, which is being asked for the money. */
async function asked(card: string): Promise<string> {
  const draft = await world.pages.draft({
    ...{ merchant: SHOP, bucket: BUCKET, captureId: `cap_${'0'.repeat(26)}`, language: 'en' },
    ...{ money: { amount: 1250, currency: 'EUR' }, reference: 'order 7', description: 'order 7' },
    token: { purpose: 'single', usage: 'many', consent: null, metadata: {} },
    returnUrl: 'http://127.0.0.1:9/l/done',
    expiresAt: new Date(Date.now() + HALF_AN_HOUR).toISOString(),
  });
  for (const { key, value } of draft.writes) await world.redis.command('SET', key, value);
  await world.pages.publish(draft);
  await typeCard(draft.url, { card });
  await answerBank(draft.url, true);
  return draft.charge.view.id;
}

describe('a charge whose payer’s bank is being asked for the money', () => {
  it('says that the bank knows him, and then what came of it', async () => {
    const id = await asked('4242424242424242');
    expect(await world.settler.settle(SHOP, id)).toMatchObject({ state: 'sent' });
    expect(world.steps).toEqual([`${id} authenticated`]);
    clock.advance(ACQUIRER_MS);
    expect(await world.settler.settle(SHOP, id)).toMatchObject({ state: 'approved' });
  });

  it.each([
    ['approved', '4242424242424242', 1],
    ['declined', '4000000000009995', 0],
  ])('is neither paid nor unpaid when its page is closed, until it is %s', async (state, card, times) => {
    const id = await asked(card);
    expect(await world.pages.end(SHOP, id)).toMatchObject({ state: 'sent' });
    expect(await world.settler.settle(SHOP, id)).toMatchObject({ state: 'sent' });
    clock.advance(ACQUIRER_MS);
    expect(await world.settler.settle(SHOP, id)).toMatchObject({ state });
    expect(provider.ledger.of(id, 'take').times).toBe(times);
  });

  it('is neither of both when its time is over', async () => {
    const id = await asked('4242424242424242');
    world.pass(HALF_AN_HOUR);
    expect(await world.settler.settle(SHOP, id)).toMatchObject({ state: 'sent' });
    clock.advance(ACQUIRER_MS);
    expect(await world.settler.settle(SHOP, id)).toMatchObject({ state: 'approved' });
    world.pass(-HALF_AN_HOUR);
  });
});
