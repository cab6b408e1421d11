import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MotoSums, type MotoSumLimits } from '../../src/fraud/moto-sums.js';
import { silentLogger } from '../../src/log.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import { digits } from '../charge/charge-world.js';
import { openKeys } from '../support/keys.js';
import { ManualClock } from '../support/manual-clock.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';

const HOUR = 3_600_000;
const LIKELY = {
  code: 'likely_refused_by_phone',
  for_agent:
    'The bank of this card will probably refuse a payment by telephone. Offer a payment link: the same card can be used there.',
};

let server: TestRedis;
let redis: RedisClient;
let dir = '';
let keys: Awaited<ReturnType<typeof openKeys>>;
beforeAll(async () => {
  server = await startTestRedis();
  redis = await server.client();
  dir = await mkdtemp(join(tmpdir(), 'tw-sums-'));
  await createKeyFile(join(dir, 'keys.json'), '2026-11-22T00:00:00.000Z');
  keys = await openKeys(join(dir, 'keys.json'));
});
afterAll(async () => {
  await server.stop();
  await rm(dir, { recursive: true });
});
beforeEach(() => server.admin.flushall());

async function open(limits: MotoSumLimits = { EUR: 500_00 }) {
  const clock = new ManualClock();
  const sums = new MotoSums({ limits, redis, keys, clock, log: silentLogger });
  const card = await sums.nameOf('shop', digits('4242424242424242'));
  const eur = (amount: number) => ({ amount, currency: 'EUR' });
  const pays = (id: string, amount: number) => sums.moved(card, { id, at: clock.now(), money: eur(amount) });
  return { clock, sums, card, eur, pays, asked: (amount: number) => sums.advice(card, eur(amount), 'en') };
}

describe('the running sum of a card', () => {
  it('foresees a refusal once what it paid and what is asked are over the limit', async () => {
    const { pays, asked } = await open();
    expect(await asked(500_00)).toBeNull();
    await pays('chg_1', 300_00);
    await pays('chg_2', 100_00);
    expect(await asked(100_00)).toBeNull();
    expect(await asked(100_01)).toEqual(LIKELY);
  });

  it('counts a charge once, however often it is told', async () => {
    const { pays, asked } = await open();
    for (let n = 0; n < 3; n++) await pays('chg_1', 300_00);
    expect(await asked(200_00)).toBeNull();
  });

  it('is less by what was given back, and forgets both a day after the charge', async () => {
    const { clock, sums, card, eur, pays, asked } = await open();
    const at = clock.now();
    await pays('chg_1', 500_00);
    clock.advance(HOUR);
    await pays('chg_2', 1_00);
    for (let n = 0; n < 2; n++) await sums.moved(card, { id: 'rfd_1', at, money: eur(-200_00) });
    expect(await asked(199_00)).toBeNull();
    expect(await asked(199_01)).toEqual(LIKELY);
    clock.advance(23 * HOUR - 1);
    expect(await asked(199_01)).toEqual(LIKELY);
    clock.advance(1);
    expect(await asked(499_00)).toBeNull();
    expect(await asked(499_01)).toEqual(LIKELY);
  });

  it('is of one currency, one card and one merchant', async () => {
    const { sums, card, pays } = await open();
    await pays('chg_1', 500_00);
    const one = { amount: 1, currency: 'EUR' };
    expect(await sums.advice(card, { amount: 900_00, currency: 'GBP' }, 'en')).toBeNull();
    for (const other of [
      await sums.nameOf('shop', digits('5555555555554444')),
      await sums.nameOf('shed', digits('4242424242424242')),
    ]) {
      expect(other).not.toBe(card);
      expect(await sums.advice(other, one, 'en')).toBeNull();
    }
    expect(await sums.advice(card, one, 'en')).toEqual(LIKELY);
  });

  it('is of no card while none is known: then the amount alone tells', async () => {
    const { sums } = await open();
    expect(await sums.advice(null, { amount: 500_00, currency: 'EUR' }, 'fr')).toBeNull();
    expect(await sums.advice(null, { amount: 500_01, currency: 'EUR' }, 'fr')).toEqual({
      code: 'likely_refused_by_phone',
      for_agent: expect.stringMatching(/^La banque de cette carte refusera probablement/),
    });
  });

  it('learns from the bank: a card that was refused by phone will be for a day', async () => {
    const { clock, sums, card, asked } = await open({});
    expect(await asked(1)).toBeNull();
    await sums.refused(card);
    expect(await asked(1)).toEqual(LIKELY);
    clock.advance(24 * HOUR);
    expect(await asked(1)).toBeNull();
  });

  it('keeps five hundred movements, and no longer than a day', async () => {
    const { card, pays } = await open();
    for (let n = 0; n < 502; n++) await pays(`chg_${n}`, 1);
    expect(await server.admin.zcard(`tw:m:${card}`)).toBe(500);
    expect(await server.admin.pttl(`tw:m:${card}`)).toBeGreaterThan(24 * HOUR - 60_000);
  });

  it('holds nobody up when Redis is away', async () => {
    const { clock, card } = await open();
    const away = await server.client();
    await away.close();
    const sums = new MotoSums({ limits: { EUR: 1 }, redis: away, keys, clock, log: silentLogger });
    await sums.refused(card);
    expect(await sums.advice(card, { amount: 1, currency: 'EUR' }, 'en')).toBeNull();
    expect(await sums.advice(card, { amount: 2, currency: 'EUR' }, 'en')).toEqual(LIKELY);
  });
});
