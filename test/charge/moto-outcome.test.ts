import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ChargeRequest } from '../../src/charge/charges.js';
import { aTake, card, GRACE_MS, SHOP, startChargeWorld, type ChargeWorld } from './charge-world.js';

let world: ChargeWorld;
beforeAll(async () => {
  world = await startChargeWorld();
});
afterAll(() => world.stop());
beforeEach(async () => {
  await world.server.admin.flushall();
  world.psp.deeds.length = 0;
});

/** What the card of the tests has paid by telephone within a day. */
async function paid(): Promise<number> {
  const name = await world.sums.nameOf(SHOP, card().number);
  const movements = await world.server.admin.zrange(`tw:m:${name}`, '0', '-1');
  return movements.reduce((sum, movement) => sum + Number(movement.split(' ')[1]), 0);
}

let keys = 0;
const byToken = (token: string, amount: number): ChargeRequest => ({
  ...{ token, amount, currency: 'EUR', reference: null, network: null, language: 'en' },
  idempotencyKey: `key ${keys++}`,
});

describe('the running sums of phone payments', () => {
  it('grow by what was approved, in a capture and by token, and not by what was refused', async () => {
    await world.till().take(aTake());
    await world.charges.charge(SHOP, byToken(await world.token(), 500));
    world.psp.deeds.push({ kind: 'decline', code: 'card_declined' });
    await world.till().take(aTake());
    expect(await paid()).toBe(1750);
  });

  it('leave out what was typed on a page', async () => {
    await world.charges.charge(SHOP, byToken(await world.token({ channel: 'ecommerce' }), 500));
    expect(await paid()).toBe(0);
  });

  it('go down by what was refunded, or undone', async () => {
    const first = await world.charges.charge(SHOP, byToken(await world.token(), 900));
    const second = await world.charges.charge(SHOP, byToken(await world.token(), 100));
    await world.charges.refund(SHOP, first.id, 300, 'refund');
    await world.charges.refund(SHOP, first.id, 300, 'refund');
    await world.charges.void(SHOP, second.id, 'void');
    expect(await paid()).toBe(600);
  });

  it('count once what was approved and only found out later', async () => {
    world.psp.deeds.push({ kind: 'lose', took: true });
    const { id, status } = await world.charges.charge(SHOP, byToken(await world.token(), 900));
    expect([status, await paid()]).toEqual(['unknown', 0]);
    world.pass(GRACE_MS);
    for (let n = 0; n < 2; n++) await world.settler.settle(SHOP, id);
    expect([(await world.charges.get(SHOP, id)).status, await paid()]).toEqual(['approved', 900]);
  });

  it('keep in mind that a bank wants its customer to authenticate', async () => {
    world.psp.deeds.push({ kind: 'decline', code: 'authentication_required' });
    await world.till().take(aTake());
    const name = await world.sums.nameOf(SHOP, card().number);
    expect(await world.sums.advice(name, { amount: 1, currency: 'JPY' }, 'en')).toMatchObject({
      code: 'likely_refused_by_phone',
    });
  });
});
