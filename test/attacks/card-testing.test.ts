import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PatternWatch } from '../../src/audit/pattern.js';
import { AuditedTill } from '../../src/charge/audited-charges.js';
import { LimitedTill } from '../../src/charge/limited-till.js';
import type { Taken } from '../../src/charge/till.js';
import { Secret } from '../../src/secret.js';
import { note } from '../audit/chains.js';
import { aTake, SHOP, startChargeWorld, type ChargeWorld } from '../charge/charge-world.js';
import { LedgerPsp } from '../support/ledger-psp.js';
import type { Told } from '../support/audit.js';
import { DEFAULT_LIMITS, endWindows } from '../support/limits.js';
import { canaryCode, canaryNumber } from '../support/needles.js';

/** A thief's list. */
const CARDS = 200;
const AT_ONCE = 50;

let world: ChargeWorld;
let till: LimitedTill;
beforeAll(async () => {
  world = await startChargeWorld(new LedgerPsp(), DEFAULT_LIMITS);
  till = new LimitedTill(new AuditedTill(world.till(), world.audit), world.limits);
});
afterAll(() => world.stop());
beforeEach(async () => {
  await world.server.admin.flushall();
  world.psp.asked = 0;
  world.psp.deeds.length = 0;
  world.audit.told.length = 0;
});

/** Keys a card of this range. */
function trying(caller: number, bin: string, merchant = SHOP): Promise<Taken> {
  const number = Secret.of(canaryNumber(bin));
  return till.take(
    aTake({
      ...{ merchant, caller: { number: `+336399${80_000 + caller}`, called: '+33199000001' } },
      card: { brand: 'visa', number, expMonth: 12, expYear: 2034 },
      code: Secret.of(canaryCode(3)),
    }),
  );
}

/** One card after the other of a list, so many at once. */
async function tryAll(cards: readonly (() => Promise<Taken>)[]): Promise<Taken[]> {
  world.psp.deeds.push(...cards.map(() => ({ kind: 'decline', code: 'card_declined' }) as const));
  const rest = cards.values();
  const taken: Taken[] = [];
  const lane = async () => {
    for (const next of rest) taken.push(await next());
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  world.psp.deeds.length = 0;
  return taken;
}

const list = (card: (n: number) => Promise<Taken>) => Array.from({ length: CARDS }, (_, n) => () => card(n));
const isStopped = (taken: Taken) => taken.status === 'refused' && taken.decline.code === 'limit_reached';
const stopped = (taken: readonly Taken[]) => taken.filter(isStopped).length;

/** Limits that were reached, how often; and the alerts that the trail gives. */
function toldOf(told: readonly Told[]) {
  const watch = new PatternWatch(null);
  const reached: Record<string, number> = {};
  const alerts = told.flatMap(([type, , resource, actor]) => {
    if (type === 'limit.reached') reached[resource] = (reached[resource] ?? 0) + 1;
    return watch.take(note(resource, { type, actor }), 0);
  });
  return { reached, alerts };
}

describe('A37: a list of 200 cards', () => {
  it('A37: by one caller: a bank is asked about twenty, and he hears why no more; it is told, and is an alert', async () => {
    const taken = await tryAll(list((n) => trying(1, `4${10_000 + n * 37}`)));
    expect([world.psp.asked, stopped(taken)]).toEqual([20, 180]);
    expect(taken.find(isStopped)).toEqual({
      status: 'refused',
      charge: null,
      decline: {
        code: 'limit_reached',
        for_agent: expect.stringContaining('Take no further card on this call'),
        for_caller: 'We cannot take a card now, and nothing has been taken. Please try again later.',
        next: 'stop',
      },
    });
    expect(toldOf(world.audit.told)).toEqual({
      reached: { declinesPerCaller: 180 },
      alerts: [{ pattern: 'declines', who: 'service', count: 10 }],
    });
    expect(await trying(2, '424242')).toMatchObject({ status: 'done' });
  });

  it('A37: of one issuer, by a caller each: a bank is asked about fifty', async () => {
    const taken = await tryAll(list((n) => trying(n, '424242')));
    expect([world.psp.asked, stopped(taken)]).toEqual([50, 150]);
    expect(await trying(300, '555555')).toMatchObject({ status: 'done' });
  });

  it('A37: of many issuers, by many callers, twice: a bank is asked about three hundred', async () => {
    const taken = await tryAll([
      ...list((n) => trying(n, `4${10_000 + n * 37}`)),
      ...list((n) => trying(n + CARDS, `5${10_000 + n * 37}`)),
    ]);
    expect([world.psp.asked, stopped(taken)]).toEqual([300, 100]);
  });

  it('A37: stops nobody at another merchant', async () => {
    await tryAll(list((n) => trying(1, `4${10_000 + n * 37}`)));
    expect(await trying(1, '424242', 'other')).toMatchObject({ status: 'done' });
  });

  it('A37: is forgiven when the window has passed, and leaves good cards alone', async () => {
    await tryAll(list((n) => trying(1, `4${10_000 + n * 37}`)));
    expect(await trying(1, '424242')).toMatchObject({ decline: { code: 'limit_reached' } });
    await endWindows(world.server.admin);
    for (let n = 0; n < 30; n++) expect(await trying(1, '424242')).toMatchObject({ status: 'done' });
  });

  it('A37: by their tokens: a bank is asked about fifty of one issuer', async () => {
    const tokens = await Promise.all(
      Array.from({ length: 60 }, () =>
        world.token({
          card: { brand: 'visa', number: Secret.of(canaryNumber()), expMonth: 12, expYear: 2034 },
        }),
      ),
    );
    world.psp.deeds.push(...tokens.map(() => ({ kind: 'decline', code: 'card_declined' }) as const));
    const answers = [];
    for (const [n, token] of tokens.entries()) {
      const request = { token, amount: 1250, currency: 'EUR', reference: null, network: null } as const;
      const asked = world.charges.charge(SHOP, { ...request, language: 'en', idempotencyKey: `key ${n}` });
      answers.push(
        await asked.then(
          ({ status }) => status,
          ({ code }: { code: string }) => code,
        ),
      );
    }
    expect(answers).toEqual([
      ...Array.from({ length: 50 }, () => 'declined'),
      ...Array.from({ length: 10 }, () => 'limit_reached'),
    ]);
    expect(world.psp.asked).toBe(50);
  });
});
