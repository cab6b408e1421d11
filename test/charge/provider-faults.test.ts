import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ChargeView } from '../../src/capture/view.js';
import { systemClock } from '../../src/clock.js';
import type { Fault } from '../../src/psp/simulated/fault.js';
import { SimulatedProvider } from '../../src/psp/simulated/simulated-provider.js';
import { SimulatedPsp } from '../../src/psp/simulated-psp.js';
import { startChargeWorld, GRACE_MS, SHOP, type ChargeWorld } from './charge-world.js';

const WEBHOOK_SECRET = `whsec_${Buffer.from('a secret of 24 bytes ...').toString('base64')}`;

let provider: SimulatedProvider;
let psp: SimulatedPsp;
let world: ChargeWorld<SimulatedPsp>;
beforeAll(async () => {
  provider = await SimulatedProvider.start({
    ...{ secret: 'sk_test', webhookSecret: WEBHOOK_SECRET, webhookUrl: null, clock: systemClock },
  });
  psp = new SimulatedPsp({
    ...{ url: provider.url, secret: 'sk_test', ca: provider.ca, webhookSecrets: [WEBHOOK_SECRET] },
    ...{ clock: systemClock, timeoutMs: 400 },
  });
  world = await startChargeWorld(psp);
});
afterAll(async () => {
  await psp.close();
  await provider.close();
  await world.stop();
});
beforeEach(async () => {
  await world.server.admin.flushall();
  provider.faults.clear();
});

let keys = 0;
async function charge(fault: Fault | null): Promise<ChargeView> {
  const token = await world.token();
  if (fault !== null) provider.faults.next(fault, { verb: 'authorize' });
  return world.charges.charge(SHOP, {
    ...{ token, amount: 1000, currency: 'EUR', reference: null, network: null },
    ...{ idempotencyKey: `key ${keys++}`, language: 'en' },
  });
}

const taken = ({ id }: ChargeView) => provider.ledger.of(id, 'take').times;
const now = async ({ id }: ChargeView) => (await world.charges.get(SHOP, id)).status;

describe('a provider at its worst', () => {
  it.each([
    ['a time-out after it took the money', 'done_then_silent'],
    ['500 after it took the money', 'done_then_500'],
    ['a connection that is cut after the first byte', 'done_then_cut'],
    ['an answer that is not JSON', 'done_then_garbage'],
    ['an answer without end', 'done_then_huge'],
  ] as const)('A32: %s: one charge, unknown until it is looked up', async (_what, fault) => {
    const unknown = await charge(fault);
    expect(unknown).toMatchObject({ status: 'unknown', decline: null });
    await world.settler.settle(SHOP, unknown.id);
    expect([await now(unknown), taken(unknown)]).toEqual(['approved', 1]);
  });

  it.each([
    ['a time-out', 'nothing_then_silent'],
    ['a 500', 'nothing_then_500'],
    ['a cut connection', 'nothing_then_cut'],
  ] as const)('A32: %s before it took anything: declined, once that is certain', async (_what, fault) => {
    const unknown = await charge(fault);
    await world.settler.settle(SHOP, unknown.id);
    expect(await now(unknown)).toBe('unknown');
    world.pass(GRACE_MS);
    await world.settler.settle(SHOP, unknown.id);
    expect([await now(unknown), taken(unknown)]).toEqual(['declined', 0]);
  });

  it('A32: an answer that comes twice: one charge', async () => {
    const approved = await charge('done_then_twice');
    expect([approved.status, taken(approved)]).toEqual(['approved', 1]);
  });

  it('A32: the card in its error: it is kept nowhere', async () => {
    await charge('echo').catch(() => {});
    const keys = await world.server.admin.keys('*');
    const kept = await Promise.all(keys.map((key) => world.server.admin.dump(key)));
    expect(keys.length).toBeGreaterThan(1);
    expect(kept.filter((value) => value?.includes('4242424242424242'))).toEqual([]);
  });
});

describe('webhooks of the provider', () => {
  /** What the door does with one. */
  async function receive(notice: {
    body: Buffer | string;
    headers: Record<string, string>;
  }): Promise<unknown> {
    const read = psp.webhook(Buffer.from(notice.body), notice.headers);
    if (read !== null && read !== 'irrelevant') await world.settler.wake(read);
    return read;
  }

  it('A31: bring a look-up, however often and in whatever order they come', async () => {
    const [first, second] = [await charge('done_then_silent'), await charge('done_then_500')];
    const notices = [second, first, second, first].map(({ id }) => provider.noticeOf(id));
    for (const notice of notices) if (notice !== null) await receive(notice);
    for (const { id } of [first, second]) {
      await world.settler.settle(SHOP, id);
      await world.settler.settle(SHOP, id);
    }
    expect([await now(first), await now(second), taken(first), taken(second)]).toEqual([
      ...['approved', 'approved', 1, 1],
    ]);
    const told = (await world.events()).filter(({ type }) => type === 'charge.approved');
    expect(told).toHaveLength(2);
  });

  it('A31: of a charge that nobody knows, or forged, do nothing', async () => {
    const unknown = await charge('done_then_silent');
    const notice = provider.noticeOf(unknown.id);
    if (notice === null) throw new Error('the provider has no notice of it');
    await world.server.admin.flushall();
    await receive(notice);
    expect(await world.server.admin.keys('*')).toEqual([]);
    const forged = {
      ...notice,
      body: Buffer.from(notice.body.replace(unknown.id, `chg_${'0'.repeat(26)}`)),
    };
    expect(await receive(forged)).toBeNull();
  });
});
