import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ChargeView } from '../../src/capture/view.js';
import { aTake, BUCKET, startChargeWorld, GRACE_MS, SHOP, type ChargeWorld } from './charge-world.js';

let world: ChargeWorld;
beforeAll(async () => {
  world = await startChargeWorld();
});
afterAll(() => world.stop());
beforeEach(async () => {
  await world.server.admin.flushall();
  world.psp.payments.clear();
  world.psp.answers = true;
  world.psp.asked = 0;
  world.settled.length = 0;
  world.audit.told.length = 0;
});

async function unknown(took: boolean, usage: 'once' | 'many' = 'many'): Promise<ChargeView> {
  world.psp.deeds.push({ kind: 'lose', took });
  const token = await world.token({ usage });
  return world.charges.charge(SHOP, {
    ...{ token, amount: 1000, currency: 'EUR', reference: null, network: null },
    ...{ idempotencyKey: 'k', language: 'fr' },
  });
}

const now = async ({ id }: ChargeView) => (await world.charges.get(SHOP, id)).status;
const noticeOf = ({ id }: ChargeView, refund = false) => ({
  payment: { reference: id, providerReference: null },
  refund,
});
const types = async () => (await world.events()).map(({ type }) => type);

/** Until something is so: the settler has a pace of its own. */
async function until(true_: () => Promise<boolean>): Promise<void> {
  while (!(await true_())) await new Promise((resolve) => void setTimeout(resolve, 10));
}

describe('a charge that nobody knows', () => {
  it('is approved when the provider has it, and nothing is sent again', async () => {
    const charge = await unknown(true, 'once');
    await world.settler.settle(SHOP, charge.id);
    expect(await now(charge)).toBe('approved');
    expect(await types()).toEqual(['charge.unknown', 'charge.approved']);
    expect(world.psp.asked).toBe(1);
    expect(await world.store.unsettled.count()).toBe(0);
    expect(await world.vault.token(SHOP, charge.token ?? '')).toBeNull();
    expect(world.audit.told).toEqual([
      ['charge.settle', 'intent', `${SHOP}/${charge.id}`, 'service'],
      ['charge.settle', 'done', `${SHOP}/${charge.id}`, 'service'],
    ]);
  });

  it('is not believed to be absent while its request may still be on its way', async () => {
    const charge = await unknown(false);
    await world.settler.settle(SHOP, charge.id);
    expect(await now(charge)).toBe('unknown');
    world.pass(GRACE_MS);
    await world.settler.settle(SHOP, charge.id);
    expect(await world.charges.get(SHOP, charge.id)).toMatchObject({
      ...{ status: 'declined', decline: { code: 'processing_error' } },
    });
    expect(await types()).toEqual(['charge.unknown', 'charge.declined']);
  });

  it('is ended at the provider before it is settled, when it waits there for nobody', async () => {
    world.psp.deeds.push({ kind: 'pending' });
    const token = await world.token();
    const charge = await world.charges.charge(SHOP, {
      ...{ token, amount: 1000, currency: 'EUR', reference: null, network: null },
      ...{ idempotencyKey: 'k', language: 'en' },
    });
    await world.settler.settle(SHOP, charge.id);
    expect(await now(charge)).toBe('unknown');
    world.pass(GRACE_MS);
    await world.settler.settle(SHOP, charge.id);
    expect(world.psp.payments.get(charge.id)?.status).toBe('declined');
    expect(await now(charge)).toBe('declined');
  });

  it('stays as it is while the provider is away', async () => {
    const charge = await unknown(true);
    world.psp.answers = false;
    await expect(world.settler.settle(SHOP, charge.id)).rejects.toMatchObject({ code: 'psp_unavailable' });
    expect(await now(charge)).toBe('unknown');
  });

  it('that another provider was asked for is not asked of this one', async () => {
    const charge = await unknown(true);
    const { store, settler, psp } = world;
    await store.change(SHOP, charge.id, (record) => ({
      ...{ record: { ...record, state: 'sent', view: { ...record.view, provider: 'another' } } },
      ...{ events: [], writes: [], frees: false },
    }));
    psp.payments.clear();
    world.pass(GRACE_MS);
    await expect(settler.settle(SHOP, charge.id)).rejects.toMatchObject({ code: 'no_provider' });
    expect(await store.get(SHOP, charge.id)).toMatchObject({ state: 'unknown' });
    await expect(settler.settle(SHOP, charge.id)).rejects.toMatchObject({ code: 'no_provider' });
  });

  it('is settled once by many who settle it', async () => {
    const charge = await unknown(true);
    await Promise.all(Array.from({ length: 10 }, () => world.settler.settle(SHOP, charge.id)));
    expect(await types()).toEqual(['charge.unknown', 'charge.approved']);
  });
});

describe('a charge of a capture', () => {
  it('that is settled as approved, once its capture has ended, concludes it and leaves the token', async () => {
    world.psp.deeds.push({ kind: 'lose', took: true });
    const taken = await world.till().take(aTake());
    expect(taken).toMatchObject({ status: 'unknown', charge: { status: 'unknown' } });
    const charge = (taken as { charge: ChargeView }).charge;
    await world.settler.settle(SHOP, charge.id);
    expect(await now(charge)).toBe('unknown');
    world.pass(2_000);
    await world.settler.settle(SHOP, charge.id);
    expect(world.settled).toMatchObject([
      { state: 'approved', captureId: aTake().captureId, view: charge.id && {} },
    ]);
    expect(await types()).toEqual(['charge.unknown', 'charge.approved', 'capture.completed']);
    expect(await world.vault.token(SHOP, charge.token ?? '')).not.toBeNull();
    const record = `tw:c:{${SHOP}.${BUCKET.toString(16)}}:${aTake().captureId}`;
    expect(await world.server.admin.get(record)).toBe('approved');
  });

  it('that is settled as declined takes the card with it', async () => {
    world.psp.deeds.push({ kind: 'lose', took: false });
    const taken = await world.till().take(aTake());
    const charge = (taken as { charge: ChargeView }).charge;
    world.pass(GRACE_MS);
    await world.settler.settle(SHOP, charge.id);
    expect(await world.charges.get(SHOP, charge.id)).toMatchObject({ status: 'declined', token: null });
    expect(await world.vault.token(SHOP, charge.token ?? '')).toBeNull();
    expect(await world.server.admin.keys('tw:v:*:s:*')).toEqual([]);
  });
});

describe('the settler', () => {
  it('finds by itself what nobody knows, once the provider is back', async () => {
    const charges = [await unknown(true), await unknown(true), await unknown(false)];
    world.psp.answers = false;
    world.pass(GRACE_MS);
    world.settler.start();
    try {
      await until(async () => (await world.store.unsettled.count()) === 3);
      world.psp.answers = true;
      world.pass(20_000);
      await until(async () => (await world.store.unsettled.count()) === 0);
    } finally {
      await world.settler.stop();
    }
    expect(await Promise.all(charges.map(now))).toEqual(['approved', 'approved', 'declined']);
  });

  it('looks at once when the provider gives notice', async () => {
    const charge = await unknown(true);
    await world.store.unsettled.look({ merchant: SHOP, id: charge.id }, null);
    world.settler.start();
    try {
      await world.settler.wake(noticeOf(charge));
      await until(async () => (await now(charge)) === 'approved');
    } finally {
      await world.settler.stop();
    }
  });

  it('looks again at what was woken while it was being looked at', async () => {
    const { id } = await unknown(false);
    const { unsettled } = world.store;
    world.pass(GRACE_MS);
    const claimed = [{ merchant: SHOP, id }];
    expect(await unsettled.claim(9)).toEqual(claimed);
    expect(await unsettled.claim(9)).toEqual([]);
    await unsettled.wake(id, [SHOP]);
    await unsettled.look({ merchant: SHOP, id }, Number.MAX_SAFE_INTEGER);
    expect(await unsettled.claim(9)).toEqual(claimed);
    await unsettled.look({ merchant: SHOP, id }, Number.MAX_SAFE_INTEGER);
    expect(await unsettled.claim(9)).toEqual([]);
  });

  it('leaves listed what somebody has begun to work at since it was found to be settled', async () => {
    const { unsettled } = world.store;
    const name = { merchant: SHOP, id: `chg_${'1'.repeat(26)}` };
    await unsettled.enter(name);
    const mark = await unsettled.mark(name);
    world.pass(1);
    await unsettled.enter(name);
    await unsettled.rest(name, mark);
    expect(await unsettled.list(9)).toEqual([name]);
    await unsettled.rest(name, await unsettled.mark(name));
    expect(await unsettled.list(9)).toEqual([]);
    world.pass(-1);
  });

  it('gives up after a day, and leaves the charge to an operator', async () => {
    const charge = await unknown(true);
    world.psp.answers = false;
    world.pass(24 * 3_600_000);
    world.settler.start();
    const score = () => world.server.admin.zscore('tw:{charges}:unsettled', `${charge.id} ${SHOP}`);
    try {
      await until(async () => (await score()) === 'inf');
    } finally {
      await world.settler.stop();
    }
    expect(await now(charge)).toBe('unknown');
    expect(await world.store.unsettled.list(9)).toEqual([{ merchant: SHOP, id: charge.id }]);
  });

  it('forgets what never came to be', async () => {
    await world.store.unsettled.look({ merchant: SHOP, id: `chg_${'0'.repeat(26)}` }, 0);
    world.settler.start();
    try {
      await until(async () => (await world.store.unsettled.count()) === 0);
    } finally {
      await world.settler.stop();
    }
  });
});
