import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ChargeRequest } from '../../src/charge/charges.js';
import { slotOf } from '../../src/redis/keys.js';
import { startChargeWorld, GRACE_MS, SHOP, type ChargeWorld } from './charge-world.js';

let world: ChargeWorld;
beforeAll(async () => {
  world = await startChargeWorld();
});
afterAll(() => world.stop());
beforeEach(async () => {
  await world.server.admin.flushall();
  world.psp.payments.clear();
  world.psp.refunds.clear();
  world.psp.networkTransactionId = null;
  world.psp.answers = true;
  world.psp.asked = 0;
});

let keys = 0;
function aRequest(token: string, more: Partial<ChargeRequest> = {}): ChargeRequest {
  return {
    ...{ token, amount: 1250, currency: 'EUR', reference: 'order 7', network: null, language: 'en' },
    ...{ idempotencyKey: `key ${keys++}`, ...more },
  };
}

describe('a charge by token', () => {
  it('is approved, told to the CRM, and can be read', async () => {
    const token = await world.token();
    const charge = await world.charges.charge(SHOP, aRequest(token));
    expect(charge).toEqual({
      ...{
        id: expect.stringMatching(/^chg_\w{26}$/),
        status: 'approved',
        token,
        amount: 1250,
        currency: 'EUR',
      },
      ...{ reference: 'order 7', refunded: 0, provider: 'ledger', provider_reference: `pay_${charge.id}` },
      ...{ decline: null, created_at: expect.stringMatching(/Z$/) },
    });
    expect(await world.charges.get(SHOP, charge.id)).toEqual(charge);
    expect(await world.events()).toEqual([
      { type: 'charge.approved', sequence: 1, data: { ...charge, capture_id: null } },
    ]);
    expect(await world.store.unsettled.count()).toBe(0);
  });

  it('says to the provider how the card was given, and sends no code', async () => {
    for (const [channel, entry] of [
      ['moto_attended', 'moto'],
      ['moto_ivr', 'moto'],
      ['ecommerce', 'ecommerce'],
    ] as const) {
      const { id } = await world.charges.charge(SHOP, aRequest(await world.token({ channel })));
      expect(world.psp.payments.get(id)?.request).toMatchObject({
        ...{ entry, instrument: '4242424242424242', code: false },
        ...{ capture: true, unattended: false, stored: false, description: 'order 7' },
      });
    }
  });

  it('is declined with words for agent and caller, in the language that was asked for', async () => {
    world.psp.deeds.push({ kind: 'decline', code: 'insufficient_funds' });
    const token = await world.token();
    const charge = await world.charges.charge(SHOP, aRequest(token, { language: 'fr' }));
    expect(charge).toMatchObject({ status: 'declined', token });
    expect(charge.decline).toMatchObject({ code: 'insufficient_funds', next: 'other_card' });
    expect(charge.decline?.for_caller).toMatch(/débité/);
    expect((await world.events()).map(({ type }) => type)).toEqual(['charge.declined']);
  });

  it('keeps what the network calls the first payment of a card, and sends it with later ones', async () => {
    const token = await world.token({ purpose: 'subscription' });
    world.psp.networkTransactionId = 'ntid-1';
    const first = await world.charges.charge(SHOP, aRequest(token));
    world.psp.networkTransactionId = 'ntid-2';
    const second = await world.charges.charge(SHOP, aRequest(token));
    const third = await world.charges.charge(SHOP, aRequest(token));
    const sent = [first, second, third].map(({ id }) => {
      const { stored, unattended, networkTransactionId } = world.psp.payments.get(id)?.request ?? {};
      return [stored, unattended, networkTransactionId];
    });
    expect(sent).toEqual([
      [true, false, null],
      [true, true, 'ntid-1'],
      [true, true, 'ntid-1'],
    ]);
  });

  it('is the same for the same key, whatever has become of the token', async () => {
    const token = await world.token({ usage: 'once' });
    const request = aRequest(token);
    const charge = await world.charges.charge(SHOP, request);
    expect(await world.charges.charge(SHOP, { ...request, token: token.toLowerCase() })).toEqual(charge);
    expect(world.psp.asked).toBe(1);
    await expect(world.charges.charge(SHOP, { ...request, amount: 1251 })).rejects.toMatchObject({
      code: 'idempotency_mismatch',
    });
  });

  it('is refused before anything is sent when the provider takes no such amount', async () => {
    const token = await world.token();
    await expect(world.charges.charge(SHOP, aRequest(token, { amount: 49 }))).rejects.toMatchObject({
      ...{
        code: 'bad_request',
        message: 'the payment provider takes from 50 to 99999999 minor units of EUR',
      },
    });
    await expect(world.charges.charge(SHOP, aRequest(token, { currency: 'USD' }))).rejects.toMatchObject({
      ...{ code: 'bad_request', message: 'the payment provider takes no USD' },
    });
    expect(world.psp.asked).toBe(0);
  });

  it('A13: knows no token, and no charge, of another merchant', async () => {
    const token = await world.token();
    await expect(world.charges.charge('other', aRequest(token))).rejects.toMatchObject({ code: 'not_found' });
    const { id } = await world.charges.charge(SHOP, aRequest(token));
    await expect(world.charges.get('other', id)).rejects.toMatchObject({ code: 'not_found' });
    await expect(world.charges.refund('other', id, null, 'k')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('is refused for a card that is kept for disputes alone', async () => {
    const token = await world.token({ purpose: 'dispute' });
    await expect(world.charges.charge(SHOP, aRequest(token))).rejects.toMatchObject({ code: 'token_closed' });
  });

  it('leaves nothing behind when the provider was not reached: the same key may try again', async () => {
    const token = await world.token({ usage: 'once' });
    const request = aRequest(token);
    for (const sent of [false, true]) {
      world.psp.deeds.push({ kind: 'unreached', sent });
      await expect(world.charges.charge(SHOP, request)).rejects.toMatchObject({ code: 'psp_unavailable' });
      expect(await world.server.admin.keys('tw:c:*')).toEqual([]);
      expect(await world.store.unsettled.count()).toBe(0);
    }
    expect(await world.charges.charge(SHOP, request)).toMatchObject({ status: 'approved' });
  });

  it('keeps where its payer gets receipts for as long as it is kept itself', async () => {
    const receipt = { sms: '+33612345678', email: null };
    const token = await world.token();
    world.psp.deeds.push({ kind: 'unreached', sent: true });
    await expect(world.charges.charge(SHOP, aRequest(token, { receipt }))).rejects.toThrow('away');
    expect(await world.server.admin.keys('tw:n:*')).toEqual([]);
    const { id } = await world.charges.charge(SHOP, aRequest(token, { receipt, language: 'fr' }));
    const [key = '', ...more] = await world.server.admin.keys('tw:n:*');
    expect([key.endsWith(id), more]).toEqual([true, []]);
    expect(JSON.parse((await world.server.admin.get(key)) ?? '')).toEqual({
      ...{ ...receipt, language: 'fr', registers: false, lastFour: '4242' },
    });
    await world.charges.charge(SHOP, aRequest(token));
    expect(await world.server.admin.keys('tw:n:*')).toEqual([key]);
  });

  it('is unknown when the answer is lost, and waits to be settled', async () => {
    world.psp.deeds.push({ kind: 'lose', took: true });
    const token = await world.token();
    const charge = await world.charges.charge(SHOP, aRequest(token));
    expect(charge).toMatchObject({ status: 'unknown', decline: null });
    expect((await world.events()).map(({ type }) => type)).toEqual(['charge.unknown']);
    expect(await world.store.unsettled.list(9)).toEqual([{ merchant: SHOP, id: charge.id }]);
  });
});

describe('a token for one charge', () => {
  it('dies with the charge that is approved, and says then that it was spent', async () => {
    const token = await world.token({ usage: 'once' });
    await world.charges.charge(SHOP, aRequest(token));
    expect(await world.vault.token(SHOP, token)).toBeNull();
    await expect(world.charges.charge(SHOP, aRequest(token))).rejects.toMatchObject({ code: 'token_spent' });
  });

  it('is free again when a charge is declined', async () => {
    world.psp.deeds.push({ kind: 'decline', code: 'card_declined' });
    const token = await world.token({ usage: 'once' });
    await world.charges.charge(SHOP, aRequest(token));
    expect(await world.charges.charge(SHOP, aRequest(token))).toMatchObject({ status: 'approved' });
  });

  it('is charged once by many who race for it', async () => {
    const token = await world.token({ usage: 'once' });
    const charges = Array.from({ length: 20 }, () => world.charges.charge(SHOP, aRequest(token)));
    const ends = await Promise.allSettled(charges);
    const codes = ends.map((end) => (end.status === 'fulfilled' ? end.value.status : end.reason.code));
    expect(codes.filter((code) => code === 'approved')).toHaveLength(1);
    expect(codes.filter((code) => code === 'token_spent')).toHaveLength(19);
    expect(world.psp.asked).toBe(1);
  });

  it('stays spent while nobody knows', async () => {
    world.psp.deeds.push({ kind: 'lose', took: true });
    const token = await world.token({ usage: 'once' });
    await world.charges.charge(SHOP, aRequest(token));
    await expect(world.charges.charge(SHOP, aRequest(token))).rejects.toMatchObject({ code: 'token_spent' });
  });
});

describe('one key sent many times at once', () => {
  it('is one charge', async () => {
    const request = aRequest(await world.token());
    const ends = await Promise.allSettled(
      Array.from({ length: 20 }, () => world.charges.charge(SHOP, request)),
    );
    const ids = new Set(ends.flatMap((end) => (end.status === 'fulfilled' ? end.value.id : [])));
    const codes = new Set(ends.flatMap((end) => (end.status === 'rejected' ? end.reason.code : [])));
    expect(ids.size).toBe(1);
    expect([...codes].filter((code) => code !== 'idempotency_in_progress')).toEqual([]);
    expect(world.psp.asked).toBe(1);
  });
});

describe('a process that sleeps too long before it sends', () => {
  it('sends nothing once somebody else has settled the charge', async () => {
    const token = await world.token();
    const { vault, store, psp } = world;
    let id = '';
    const before = psp.authorize.bind(psp);
    psp.authorize = async (request) => {
      id = request.reference;
      world.pass(GRACE_MS + 1);
      await world.settler.settle(SHOP, id);
      return before(request);
    };
    try {
      await expect(world.charges.charge(SHOP, aRequest(token))).rejects.toMatchObject({
        code: 'psp_unavailable',
      });
    } finally {
      psp.authorize = before;
    }
    expect(psp.payments.size).toBe(0);
    expect((await store.get(SHOP, id)).view).toMatchObject({
      ...{ status: 'declined', decline: { code: 'processing_error' } },
    });
    expect(await vault.token(SHOP, token)).not.toBeNull();
  });
});

describe('money that comes after its charge was settled as declined', () => {
  it('is given back', async () => {
    const { psp } = world;
    const token = await world.token();
    psp.arrived = async () => {
      const [unsettled] = await world.store.unsettled.list(1);
      world.pass(GRACE_MS + 1);
      await world.settler.settle(SHOP, unsettled?.id ?? '');
    };
    const charge = await world.charges.charge(SHOP, aRequest(token)).finally(() => {
      psp.arrived = () => Promise.resolve();
    });
    expect(charge).toMatchObject({ status: 'declined' });
    expect(psp.payments.get(charge.id)).toMatchObject({ status: 'approved', amount: 1250, refunded: 1250 });
  });
});

describe('what is written with the outcome of a charge', () => {
  it('is asked for again when somebody changes what it replaces, and nothing of it is half done', async () => {
    const { id } = await world.charges.charge(SHOP, aRequest(await world.token()));
    const key = `tw:c:${slotOf(SHOP, id)}:cap_1`;
    await world.server.admin.set(key, 'processing');
    const read: (string | null)[] = [];
    await world.store.change(SHOP, id, async (record) => {
      const before = await world.server.admin.get(key);
      read.push(before);
      if (read.length === 1) await world.server.admin.set(key, 'failed');
      const writes = [{ key, value: `${before}, approved`, ttlSeconds: 60, replaces: before ?? '' }];
      return { record: { ...record, sequence: 9 }, events: [], writes, frees: false };
    });
    expect(read).toEqual(['processing', 'failed']);
    expect(await world.server.admin.get(key)).toBe('failed, approved');
    expect((await world.store.get(SHOP, id)).sequence).toBe(9);
  });
});
