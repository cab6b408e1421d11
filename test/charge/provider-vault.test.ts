import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ProviderVault } from '../../src/charge/provider-vault.js';
import { silentLogger } from '../../src/log.js';
import { aTake, SHOP, startChargeWorld, type ChargeWorld } from './charge-world.js';

let world: ChargeWorld;
let vault: ProviderVault;
beforeAll(async () => {
  world = await startChargeWorld();
  vault = new ProviderVault(world.vault, world.psp, silentLogger);
});
afterAll(() => world.stop());
beforeEach(() => world.psp.kept.clear());

async function token(): Promise<string> {
  const taken = await world.till(false).take(aTake({ outcome: 'token', money: null }));
  return taken.status === 'done' ? taken.token.token : '';
}

describe('a card that the provider keeps', () => {
  it('is forgotten there when its token is destroyed', async () => {
    const [goes, stays] = [await token(), await token()];
    expect(await vault.destroy(SHOP, goes)).toBe(true);
    expect(world.psp.kept.size).toBe(1);
    expect(await vault.token(SHOP, goes)).toBeNull();
    expect(await vault.token(SHOP, stays)).not.toBeNull();
    expect(await vault.destroy(SHOP, goes)).toBe(false);
  });

  it('is left there when it can not be told, and its token is destroyed all the same', async () => {
    const goes = await token();
    const { psp } = world;
    const deaf = { name: psp.name, forget: () => Promise.reject(new Error('away')) };
    expect(await new ProviderVault(world.vault, deaf, silentLogger).destroy(SHOP, goes)).toBe(true);
    expect(await vault.token(SHOP, goes)).toBeNull();
  });

  it('is nobody’s business of another provider', async () => {
    const goes = await token();
    const other = { name: 'other', forget: () => Promise.reject(new Error('not mine')) };
    expect(await new ProviderVault(world.vault, other, silentLogger).destroy(SHOP, goes)).toBe(true);
    expect(world.psp.kept.size).toBe(1);
  });
});
