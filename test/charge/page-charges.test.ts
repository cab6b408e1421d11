import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { NoPages, type DraftPage } from '../../src/charge/page-charges.js';
import { systemClock } from '../../src/clock.js';
import type { Found } from '../../src/psp/psp.js';
import { SimulatedPsp } from '../../src/psp/simulated-psp.js';
import { SimulatedProvider } from '../../src/psp/simulated/simulated-provider.js';
import { DEFAULT_LIMITS, UNLIMITED } from '../support/limits.js';
import { payOnPage } from '../support/payer.js';
import { WEBHOOK_SECRET } from '../support/provider-notice.js';
import {
  BUCKET,
  beforeScript,
  CALLER,
  GRACE_MS,
  SHOP,
  startChargeWorld,
  type ChargeWorld,
} from './charge-world.js';

const HALF_AN_HOUR = 30 * 60_000;

/** The provider's client, whose look-ups a test may answer itself. */
class WatchedPsp extends SimulatedPsp {
  readonly found: (Found | Error)[] = [];

  override async lookUp(...payment: Parameters<SimulatedPsp['lookUp']>): Promise<Found> {
    const found = this.found.shift();
    if (found instanceof Error) throw found;
    return found ?? super.lookUp(...payment);
  }
}

let provider: SimulatedProvider;
let psp: WatchedPsp;
let world: ChargeWorld<WatchedPsp>;

beforeAll(async () => {
  const secret = 'sk_simulated';
  provider = await SimulatedProvider.start({
    ...{ secret, webhookSecret: WEBHOOK_SECRET, webhookUrl: null, clock: systemClock, acquirerMs: 10 },
  });
  const { url, ca } = provider;
  psp = new WatchedPsp({ url, ca, secret, webhookSecrets: [WEBHOOK_SECRET], clock: systemClock });
  const { declinesPerCaller, declinesPerMerchant } = DEFAULT_LIMITS;
  world = await startChargeWorld(psp, { ...UNLIMITED, declinesPerCaller, declinesPerMerchant });
});
afterAll(async () => {
  await world.stop();
  await psp.close();
  await provider.close();
});
afterEach(async () => {
  world.settled.length = 0;
  await world.server.admin.flushall();
});

async function drafted(): Promise<DraftPage> {
  const draft = await world.pages.draft({
    ...{ merchant: SHOP, bucket: BUCKET, captureId: `cap_${'0'.repeat(26)}`, language: 'en' },
    ...{ money: { amount: 1250, currency: 'EUR' }, reference: 'order 7', description: 'order 7' },
    token: { purpose: 'single', usage: 'many', consent: null, metadata: {} },
    ...{
      returnUrl: 'http://127.0.0.1:9/l/done',
      expiresAt: new Date(Date.now() + HALF_AN_HOUR).toISOString(),
    },
  });
  for (const { key, value } of draft.writes) await world.redis.command('SET', key, value);
  return draft;
}

async function shown(): Promise<DraftPage> {
  const draft = await drafted();
  await world.pages.publish(draft);
  return draft;
}

const settled = async ({ charge }: DraftPage) => world.settler.settle(SHOP, charge.view.id);
const taken = ({ charge }: DraftPage) => provider.ledger.of(charge.view.id, 'take').times;

describe('a charge that is paid on a page', () => {
  it('is e-commerce, and is approved when the payer has paid: then it has a token', async () => {
    const page = await shown();
    expect(page.charge).toMatchObject({
      entry: 'ecommerce',
      token: null,
      once: false,
      view: { token: null },
    });
    expect(await settled(page)).toMatchObject({ state: 'sent' });
    await payOnPage(page.url, { agreed: true });
    expect(await settled(page)).toMatchObject({
      ...{ state: 'approved', token: expect.stringMatching(/^tnw_/), once: true },
      view: { status: 'approved', amount: 1250, token: expect.stringMatching(/^tnw_/) },
    });
    expect(taken(page)).toBe(1);
    expect(world.settled.map(({ state }) => state)).toEqual(['approved']);
    expect((await world.events()).map(({ type }) => type)).toContain('charge.approved');
  });

  it('waits as long as its page is open, however late it is', async () => {
    const page = await shown();
    world.pass(HALF_AN_HOUR - 60_000);
    expect(await settled(page)).toMatchObject({ state: 'sent' });
    expect(world.settled).toEqual([]);
    world.pass(60_000 - HALF_AN_HOUR);
  });

  it('is over when its time is: the page is closed first', async () => {
    const page = await shown();
    world.pass(HALF_AN_HOUR);
    expect(await settled(page)).toMatchObject({
      state: 'declined',
      view: { decline: { code: 'processing_error' } },
    });
    world.pass(-HALF_AN_HOUR);
    await payOnPage(page.url, { agreed: true });
    expect(taken(page)).toBe(0);
  });

  it('that was paid in the moment in which its page was closed is approved', async () => {
    const page = await shown();
    psp.found.push({ status: 'pending', providerReference: page.providerReference, step: 'open' });
    await payOnPage(page.url, { agreed: true });
    expect(await world.pages.end(SHOP, page.charge.view.id)).toMatchObject({ state: 'approved' });
    expect(taken(page)).toBe(1);
  });

  it('is not given up while the provider does not answer', async () => {
    const page = await shown();
    world.pass(HALF_AN_HOUR);
    psp.found.push(Object.assign(new Error('away'), { code: 'psp_unavailable' }));
    await expect(settled(page)).rejects.toMatchObject({ code: 'psp_unavailable' });
    expect(await world.store.get(SHOP, page.charge.view.id)).toMatchObject({ state: 'sent' });
    world.pass(-HALF_AN_HOUR);
  });

  it('says that the bank knows the payer', async () => {
    const page = await shown();
    psp.found.push({ status: 'pending', providerReference: page.providerReference, step: 'authenticated' });
    expect(await settled(page)).toMatchObject({ state: 'sent' });
    expect(world.steps.at(-1)).toBe(`${page.charge.view.id} authenticated`);
  });

  it('of which nobody was shown the page has taken nothing', async () => {
    const page = await drafted();
    expect(await settled(page)).toMatchObject({ state: 'created' });
    world.pass(GRACE_MS);
    expect(await settled(page)).toMatchObject({ state: 'declined' });
    await expect(world.pages.publish(page)).rejects.toMatchObject({ code: 'redis_unavailable' });
    world.pass(-GRACE_MS);
  });

  it('that is shown while it is being given up can still be paid', async () => {
    const page = await drafted();
    world.pass(GRACE_MS);
    beforeScript(world.redis, 'charge-change', () => world.pages.publish(page));
    expect(await settled(page)).toMatchObject({ state: 'sent' });
    await payOnPage(page.url, { agreed: true });
    expect(await settled(page)).toMatchObject({ state: 'approved' });
    world.pass(-GRACE_MS);
  });

  it('that has been given up is shown to nobody, though it is not settled yet', async () => {
    const page = await drafted();
    world.pass(GRACE_MS);
    beforeScript(world.redis, 'charge-change', () => {
      beforeScript(world.redis, 'charge-change', async () => {
        await expect(world.pages.publish(page)).rejects.toMatchObject({ code: 'redis_unavailable' });
      });
      return Promise.resolve();
    });
    expect(await settled(page)).toMatchObject({ state: 'declined' });
    world.pass(-GRACE_MS);
  });

  it('is closed where it is shown to nobody', async () => {
    const page = await drafted();
    await world.pages.discard(page);
    await payOnPage(page.url, { agreed: true });
    expect(taken(page)).toBe(0);
  });

  it('is none without a provider', async () => {
    expect(new NoPages().can()).toBe(false);
    await expect(new NoPages().draft()).rejects.toMatchObject({ code: 'no_provider' });
  });
});

describe('a page on which cards were refused', () => {
  const REFUSED = { card: '4000000000009995', agreed: true };
  const counted = async () => {
    const names = await world.server.admin.keys('tw:limit:*');
    return Promise.all(names.map((name) => world.server.admin.get(name)));
  };

  it('counts as one decline, of its caller and of the merchant, whoever settles it and how often', async () => {
    const page = await shown();
    for (let card = 1; card <= 3; card++) await payOnPage(page.url, REFUSED);
    const lookUp = psp.lookUp.bind(psp);
    jest.spyOn(psp, 'lookUp').mockImplementationOnce(async (payment) => {
      const found = await lookUp(payment);
      // Another is faster.
      await settled(page);
      return found;
    });
    await settled(page);
    await world.pages.end(SHOP, page.charge.view.id);
    expect(await settled(page)).toMatchObject({
      view: { decline: { code: 'insufficient_funds' } },
    });
    expect(await counted()).toEqual(['1', '1']);
  });

  it('is none where it ran out or was closed, or was paid in the end', async () => {
    await world.pages.end(SHOP, (await shown()).charge.view.id);
    const late = await shown();
    world.pass(HALF_AN_HOUR);
    await settled(late);
    world.pass(-HALF_AN_HOUR);
    const paid = await shown();
    await payOnPage(paid.url, REFUSED);
    await payOnPage(paid.url, { agreed: true });
    expect(await settled(paid)).toMatchObject({ state: 'approved' });
    expect(await counted()).toEqual([]);
  });

  it('is settled even while it can not be counted', async () => {
    const page = await shown();
    const { providerReference } = page;
    const no = { status: 'declined', code: 'card_declined', providerCode: '05' } as const;
    psp.found.push({ ...no, providerReference, refunded: 0 });
    const declined = jest.spyOn(world.limits, 'declined').mockRejectedValueOnce(new Error('away'));
    expect(await settled(page)).toMatchObject({ state: 'declined' });
    expect(declined).toHaveBeenCalledWith(
      { merchant: SHOP, caller: CALLER, range: null, client: null },
      'card_declined',
    );
  });
});
