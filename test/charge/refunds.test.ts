import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ChargeView } from '../../src/capture/view.js';
import { MAX_REFUNDS } from '../../src/charge/refunds.js';
import { startChargeWorld, GRACE_MS, SHOP, type ChargeWorld } from './charge-world.js';

let world: ChargeWorld;
let charge: ChargeView;
beforeAll(async () => {
  world = await startChargeWorld();
});
afterAll(() => world.stop());
beforeEach(async () => {
  await world.server.admin.flushall();
  world.psp.abilities.add('partial_refund').add('void');
  charge = await world.charges.charge(SHOP, {
    ...{ token: await world.token(), amount: 1000, currency: 'EUR', reference: null, network: null },
    ...{ idempotencyKey: 'k', language: 'en' },
  });
});

/** What the provider has given back of it. */
const givenBack = () => world.psp.payments.get(charge.id)?.refunded;
const told = async () => (await world.events()).slice(1);

describe('a refund', () => {
  it('gives back a part, and then the rest', async () => {
    expect(await world.charges.refund(SHOP, charge.id, 300, 'a')).toEqual({ ...charge, refunded: 300 });
    expect(await world.charges.refund(SHOP, charge.id, null, 'b')).toEqual({ ...charge, refunded: 1000 });
    expect(givenBack()).toBe(1000);
    const refund = { id: expect.stringMatching(/^rfd_/), kind: 'refund', made: 'here' };
    expect(await told()).toEqual([
      {
        ...{ type: 'refund.succeeded', sequence: 2 },
        data: { ...charge, refunded: 300, capture_id: null, refund: { ...refund, amount: 300 } },
      },
      {
        ...{ type: 'refund.succeeded', sequence: 3 },
        data: { ...charge, refunded: 1000, capture_id: null, refund: { ...refund, amount: 700 } },
      },
    ]);
    await world.settler.compare(SHOP, charge.id);
    expect(await told()).toHaveLength(2);
  });

  it('never gives back more than was taken, however many race', async () => {
    const ends = await Promise.allSettled(
      Array.from({ length: 15 }, (_, i) => world.charges.refund(SHOP, charge.id, 100, `key ${i}`)),
    );
    const refused = ends.flatMap((end) => (end.status === 'rejected' ? end.reason.code : []));
    expect(refused).toEqual(Array.from({ length: 5 }, () => 'bad_request'));
    expect(givenBack()).toBe(1000);
    await expect(world.charges.refund(SHOP, charge.id, 1, 'more')).rejects.toMatchObject({
      ...{ code: 'bad_request', message: 'nothing of this charge is left to be refunded' },
    });
  });

  it('says how much is left', async () => {
    await world.charges.refund(SHOP, charge.id, 300, 'a');
    await expect(world.charges.refund(SHOP, charge.id, 701, 'b')).rejects.toMatchObject({
      ...{ code: 'bad_request', message: 'at most 700 minor units of EUR are left' },
    });
  });

  it('is the same for the same key, and refuses it for another amount', async () => {
    await world.charges.refund(SHOP, charge.id, 300, 'a');
    expect(await world.charges.refund(SHOP, charge.id, 300, 'a')).toMatchObject({ refunded: 300 });
    await expect(world.charges.refund(SHOP, charge.id, 301, 'a')).rejects.toMatchObject({
      code: 'idempotency_mismatch',
    });
    expect(givenBack()).toBe(300);
  });

  it('that fails is told, and leaves the money to be refunded otherwise', async () => {
    world.psp.deeds.push({ kind: 'decline', code: 'processing_error' });
    expect(await world.charges.refund(SHOP, charge.id, 300, 'a')).toMatchObject({ refunded: 0 });
    expect((await told()).map(({ type }) => type)).toEqual(['refund.failed']);
    expect(await world.charges.refund(SHOP, charge.id, null, 'b')).toMatchObject({ refunded: 1000 });
  });

  it('is listed whatever became of it', async () => {
    await world.charges.refund(SHOP, charge.id, 100, 'a');
    world.psp.deeds.push({ kind: 'decline', code: 'processing_error' }, { kind: 'lose', took: true });
    await world.charges.refund(SHOP, charge.id, 200, 'b');
    await world.charges.refund(SHOP, charge.id, 300, 'c');
    const [id, updated_at] = [expect.stringMatching(/^rfd_/), expect.stringMatching(/^2\d{3}-.+Z$/)];
    const shown = { id, kind: 'refund', made: 'here', currency: 'EUR', updated_at };
    expect(await world.charges.refunds(SHOP, charge.id)).toEqual([
      { ...shown, amount: 100, status: 'succeeded' },
      { ...shown, amount: 200, status: 'failed' },
      { ...shown, amount: 300, status: 'unknown' },
    ]);
    await expect(world.charges.refunds('other', charge.id)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('of which nobody knows counts as given until it is settled', async () => {
    for (const [took, refunded] of [
      [true, 600],
      [false, 0],
    ] as const) {
      const before = (await world.charges.get(SHOP, charge.id)).refunded;
      world.psp.deeds.push({ kind: 'lose', took });
      await world.charges.refund(SHOP, charge.id, took ? 600 : 400, `key ${took}`);
      await expect(world.charges.refund(SHOP, charge.id, 401, 'more')).rejects.toThrow();
      expect((await world.charges.get(SHOP, charge.id)).refunded).toBe(before);
      world.pass(GRACE_MS + 1);
      await world.settler.settle(SHOP, charge.id);
      expect((await world.charges.get(SHOP, charge.id)).refunded).toBe(before + refunded);
    }
    expect((await told()).map(({ type }) => type)).toEqual(['refund.succeeded', 'refund.failed']);
    expect(await world.charges.refund(SHOP, charge.id, null, 'rest')).toMatchObject({ refunded: 1000 });
  });

  it('can be tried again under its key when the provider was not reached', async () => {
    world.psp.deeds.push({ kind: 'unreached', sent: false });
    await expect(world.charges.refund(SHOP, charge.id, 300, 'a')).rejects.toMatchObject({
      code: 'psp_unavailable',
    });
    expect(await world.charges.refund(SHOP, charge.id, 300, 'a')).toMatchObject({ refunded: 300 });
  });

  it('is for approved charges alone, and of all where the provider gives no parts', async () => {
    world.psp.abilities.delete('partial_refund');
    await expect(world.charges.refund(SHOP, charge.id, 300, 'a')).rejects.toMatchObject({
      code: 'psp_cannot',
    });
    world.psp.deeds.push({ kind: 'decline', code: 'card_declined' });
    const declined = await world.charges.charge(SHOP, {
      ...{ token: await world.token(), amount: 1000, currency: 'EUR', reference: null, network: null },
      ...{ idempotencyKey: 'k', language: 'en' },
    });
    await expect(world.charges.refund(SHOP, declined.id, null, 'a')).rejects.toMatchObject({
      ...{ code: 'bad_request', message: 'this charge took no money' },
    });
    world.psp.deeds.push({ kind: 'lose', took: true });
    const unknown = await world.charges.charge(SHOP, {
      ...{ token: await world.token(), amount: 1000, currency: 'EUR', reference: null, network: null },
      ...{ idempotencyKey: 'k', language: 'en' },
    });
    await expect(world.charges.refund(SHOP, unknown.id, null, 'a')).rejects.toMatchObject({
      message: 'nobody knows yet whether this charge took money: wait for its event',
    });
  });

  it('comes in at most a hundred parts', async () => {
    for (let i = 0; i < MAX_REFUNDS; i++) await world.charges.refund(SHOP, charge.id, 1, `key ${i}`);
    await expect(world.charges.refund(SHOP, charge.id, 1, 'more')).rejects.toMatchObject({
      ...{ code: 'bad_request', message: 'a charge has at most 100 refunds' },
    });
  });
});

describe('a void', () => {
  it('gives all of it back', async () => {
    expect(await world.charges.void(SHOP, charge.id, 'v')).toEqual({ ...charge, refunded: 1000 });
    expect(await world.charges.void(SHOP, charge.id, 'v')).toEqual({ ...charge, refunded: 1000 });
    expect((await told()).map(({ type }) => type)).toEqual(['refund.succeeded']);
  });

  it('says so where it is too late, or the provider has no such thing', async () => {
    world.psp.deeds.push({ kind: 'decline', code: 'processing_error' });
    await expect(world.charges.void(SHOP, charge.id, 'v')).rejects.toMatchObject({
      ...{ code: 'charge_not_voidable', message: 'the payment provider has settled it already: refund it' },
    });
    world.psp.abilities.delete('void');
    await expect(world.charges.void(SHOP, charge.id, 'w')).rejects.toMatchObject({
      code: 'charge_not_voidable',
    });
    await world.charges.refund(SHOP, charge.id, 1, 'a');
    await expect(world.charges.void(SHOP, charge.id, 'x')).rejects.toMatchObject({
      code: 'charge_not_voidable',
    });
  });

  it('of which nobody knows is settled by what the provider has given back', async () => {
    world.psp.deeds.push({ kind: 'lose', took: true });
    expect(await world.charges.void(SHOP, charge.id, 'v')).toMatchObject({ refunded: 0 });
    await world.settler.settle(SHOP, charge.id);
    expect(await world.charges.get(SHOP, charge.id)).toMatchObject({ refunded: 1000 });
  });
});
