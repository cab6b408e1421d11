import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { codeOf } from '../../src/errors.js';
import { SHOP, startChargeWorld, type ChargeWorld } from './charge-world.js';

let world: ChargeWorld;
beforeAll(async () => {
  world = await startChargeWorld();
});
afterAll(() => world.stop());

it('a charge that is given up while others ask under its key is never said not to be there', async () => {
  const request = {
    ...{ token: await world.token(), amount: 1000, currency: 'EUR', reference: null, network: null },
    ...{ idempotencyKey: 'k', language: 'en' as const },
  };
  const codes = new Set<string>();
  for (let round = 0; round < 15; round++) {
    world.psp.deeds.push(...Array.from({ length: 10 }, () => ({ kind: 'unreached', sent: true }) as const));
    const ends = Array.from({ length: 10 }, () =>
      world.charges.charge(SHOP, request).then(({ status }) => status, codeOf),
    );
    for (const end of await Promise.all(ends)) codes.add(end);
    world.psp.deeds.length = 0;
  }
  expect([...codes].toSorted()).toEqual(['idempotency_in_progress', 'psp_unavailable']);
  expect(world.psp.payments.size).toBe(0);
});
