import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '../support/service.js';
import { aTake, SHOP, startChargeWorld, type ChargeWorld } from './charge-world.js';

let world: ChargeWorld;
beforeAll(async () => {
  world = await startChargeWorld();
});
afterAll(() => world.stop());
beforeEach(() => {
  world.psp.kept.clear();
  world.audit.told.length = 0;
});

const told = () => world.audit.told.map(([type, outcome]) => `${type} ${outcome}`);

describe('a card that the provider keeps', () => {
  it('is forgotten when its token is destroyed, and no other is', async () => {
    const keep = { outcome: 'token', money: null } as const;
    const tokens = [];
    for (let n = 0; n < 2; n++) {
      const taken = await world.till(false).take(aTake(keep));
      tokens.push(taken.status === 'done' ? taken.token.token : '');
    }
    const [, stays = ''] = [...world.psp.kept];
    expect(await world.vault.destroy(SHOP, tokens[0] ?? '')).toBe(true);
    await until(() => world.psp.kept.size < 2);
    expect([...world.psp.kept]).toEqual([stays]);
    expect(await world.vault.token(SHOP, tokens[1] ?? '')).not.toBeNull();
    expect(told()).toEqual(['token.forget intent', 'token.forget done']);
  });

  it('is forgotten with the one charge that it was for; kept for more it stays', async () => {
    expect(await world.till(false).take(aTake({ usage: 'many' }))).toMatchObject({ status: 'done' });
    const before = [...world.psp.kept];
    expect(before).toHaveLength(1);
    expect(await world.till(false).take(aTake({ usage: 'once' }))).toMatchObject({ status: 'done' });
    await until(() => told().length === 2);
    expect([...world.psp.kept]).toEqual(before);
  });

  it('is kept on while nobody knows whether it was charged', async () => {
    world.psp.deeds.push({ kind: 'approve' }, { kind: 'lose', took: true });
    expect(await world.till(false).take(aTake({ usage: 'many' }))).toMatchObject({ status: 'unknown' });
    expect([world.psp.kept.size, told()]).toEqual([1, []]);
  });
});

it('of a card that is sealed here the provider hears nothing when it goes', async () => {
  expect(await world.vault.destroy(SHOP, await world.token())).toBe(true);
  expect(told()).toEqual([]);
});
