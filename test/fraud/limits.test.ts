import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Limits as LimitSettings } from '../../src/config.js';
import type { Subject } from '../../src/fraud/limit.js';
import { Limits } from '../../src/fraud/limits.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import type { Redis } from '../../src/redis/redis.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import { MemoryAudit } from '../support/audit.js';
import { openKeys } from '../support/keys.js';
import { DEFAULT_LIMITS, endWindows, UNLIMITED } from '../support/limits.js';
import { ManualClock } from '../support/manual-clock.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';

const HOUR = 3_600_000;
const CALLER = { number: '+33639980001', called: '+33199000001' };
const ANYBODY: Subject = { merchant: 'shop', caller: CALLER, range: '424242', client: 'crm' };

let server: TestRedis;
let redis: RedisClient;
let dir = '';
let keys: Awaited<ReturnType<typeof openKeys>>;
beforeAll(async () => {
  server = await startTestRedis();
  redis = await server.client();
  dir = await mkdtemp(join(tmpdir(), 'tw-limits-'));
  await createKeyFile(join(dir, 'keys.json'), '2026-11-22T00:00:00.000Z');
  keys = await openKeys(join(dir, 'keys.json'));
});
afterAll(async () => {
  await server.stop();
  await rm(dir, { recursive: true });
});
beforeEach(() => server.admin.flushall());

function open(settings: Partial<LimitSettings>) {
  const clock = new ManualClock();
  const audit = new MemoryAudit();
  const metrics = createMetrics();
  const shared = { redis, keys, audit, clock, metrics, log: silentLogger };
  return {
    clock,
    audit,
    metrics,
    limits: new Limits({ settings: { ...UNLIMITED, ...settings }, ...shared }),
  };
}

const hourly = (most: number) => ({ most, seconds: 3_600 });
/** A bank that answers at once. */
const bank = (code: string | null) =>
  [() => Promise.resolve(code), (answer: string | null) => answer] as const;
const outcomes = async (attempts: readonly Promise<unknown>[]) =>
  (await Promise.allSettled(attempts)).filter(({ status }) => status === 'fulfilled').length;

describe('a limit', () => {
  it('lets so many through, and says why no more and for how long', async () => {
    const { limits, audit, metrics } = open({ capturesPerCaller: hourly(2) });
    await limits.arming(ANYBODY);
    await limits.arming(ANYBODY);
    await expect(limits.arming(ANYBODY)).rejects.toMatchObject({
      code: 'limit_reached',
      message: 'too many cards were asked for from this caller: 2 within 60 min; try again in 60 min',
      retryAfter: 3600,
    });
    expect(audit.told).toEqual([['limit.reached', 'refused', 'capturesPerCaller', 'service']]);
    const { values } = await metrics.limitsReached.get();
    expect(values).toEqual([{ labels: { limit: 'capturesPerCaller' }, value: 1 }]);
  });

  it('is over when its window is: nothing has to be unlocked', async () => {
    const { limits } = open({ capturesPerCaller: hourly(1) });
    await limits.arming(ANYBODY);
    await expect(limits.arming(ANYBODY)).rejects.toMatchObject({ code: 'limit_reached' });
    await endWindows(server.admin);
    await limits.arming(ANYBODY);
  });

  it('lets exactly so many of a crowd through', async () => {
    const { limits } = open({ capturesPerMerchant: hourly(20) });
    expect(await outcomes(Array.from({ length: 200 }, () => limits.arming(ANYBODY)))).toBe(20);
  });

  it('counts nothing anywhere when it refuses', async () => {
    const { limits } = open({ capturesPerCaller: hourly(9), capturesPerMerchant: hourly(1) });
    await limits.arming(ANYBODY);
    const before = await counts();
    await expect(limits.arming(ANYBODY)).rejects.toMatchObject({ code: 'limit_reached' });
    expect(await counts()).toEqual(before);
    expect(before).toEqual([1, 1]);
  });

  it('is each one’s own: merchant, caller, range and client', async () => {
    const { limits } = open({ declinesPerCaller: hourly(1), chargesPerClient: hourly(1) });
    await limits.asking(ANYBODY, ...bank('card_declined'));
    await expect(limits.asking(ANYBODY, ...bank(null))).rejects.toMatchObject({ code: 'limit_reached' });
    await limits.asking({ ...ANYBODY, merchant: 'other' }, ...bank(null));
    await limits.asking({ ...ANYBODY, caller: { ...CALLER, number: '+33639980002' } }, ...bank(null));
    await limits.asking({ ...ANYBODY, caller: null }, ...bank(null));
    await limits.charging(ANYBODY);
    await limits.charging({ ...ANYBODY, client: 'erp' });
    await expect(limits.charging(ANYBODY)).rejects.toMatchObject({ code: 'limit_reached' });
  });

  it('that is off counts nothing', async () => {
    const { limits } = open({});
    await limits.arming(ANYBODY);
    await limits.asking(ANYBODY, ...bank('card_declined'));
    expect(await server.admin.keys('*')).toEqual([]);
  });
});

describe('a limit of declines', () => {
  it('counts what a bank refused, and not what it took or said nothing of', async () => {
    const { limits } = open({ declinesPerCaller: hourly(2) });
    for (const code of [
      null,
      'processing_error',
      'authentication_required',
      'card_declined',
      null,
      'incorrect_cvc',
    ])
      await limits.asking(ANYBODY, ...bank(code));
    await expect(limits.asking(ANYBODY, ...bank(null))).rejects.toMatchObject({
      message: 'too many cards of this caller were declined: 2 within 60 min; try again in 60 min',
    });
  });

  it('is not passed by many at once: each counts while its bank is asked', async () => {
    const { limits } = open({ declinesPerRange: hourly(5) });
    let asked = 0;
    const ask = async () => {
      asked++;
      await new Promise((resolve) => setTimeout(resolve, 20));
      return 'card_declined';
    };
    await outcomes(Array.from({ length: 200 }, () => limits.asking(ANYBODY, ask, (code) => code)));
    expect(asked).toBe(5);
  });

  it('gives back what a bank could not be asked', async () => {
    const { limits } = open({ declinesPerCaller: hourly(1) });
    const away = () => Promise.reject(new Error('away'));
    await expect(limits.asking(ANYBODY, away, () => null)).rejects.toThrow('away');
    await limits.asking(ANYBODY, ...bank(null));
  });

  it('asks and counts nothing when a later limit is reached', async () => {
    const { limits } = open({ declinesPerCaller: hourly(9), cardsPerRange: hourly(1) });
    await limits.asking(ANYBODY, ...bank(null));
    let asked = 0;
    const ask = () => Promise.resolve(void asked++);
    await expect(limits.asking(ANYBODY, ask, () => null)).rejects.toMatchObject({
      message: 'too many cards of one issuer were tried: 1 within 60 min; try again in 60 min',
    });
    expect([asked, await counts()]).toEqual([0, [0, 1]]);
  });

  it('counts a refusal on a payment page, of caller and merchant', async () => {
    const { limits } = open({
      ...{ declinesPerCaller: hourly(2), declinesPerRange: hourly(2), declinesPerMerchant: hourly(9) },
    });
    const onPage = { ...ANYBODY, range: null, client: null };
    for (const code of ['card_declined', 'processing_error', 'authentication_required'] as const) {
      await limits.declined(onPage, code);
    }
    expect(await counts()).toEqual([1, 1]);
    await limits.linking(onPage);
    await limits.declined(onPage, 'insufficient_funds');
    await expect(limits.linking(onPage)).rejects.toMatchObject({
      code: 'limit_reached',
      message: 'too many cards of this caller were declined: 2 within 60 min; try again in 60 min',
    });
    await expect(limits.arming(onPage)).rejects.toMatchObject({ code: 'limit_reached' });
    await limits.declined(onPage, 'card_declined');
    expect(await counts()).toEqual([3, 3]);
  });

  it('keeps anybody from being asked for a card that would be refused', async () => {
    const { limits } = open({ declinesPerCaller: hourly(1), capturesPerCaller: hourly(5) });
    await limits.asking(ANYBODY, ...bank('card_declined'));
    await expect(limits.arming(ANYBODY)).rejects.toMatchObject({
      message: 'too many cards of this caller were declined: 1 within 60 min; try again in 60 min',
    });
    await endWindows(server.admin);
    await limits.arming(ANYBODY);
  });
});

describe('callers who hide their number', () => {
  it.each(['anonymous', 'Restricted', '+266696687', '+8656696', ''])(
    'share a count that is ten times as large: %j',
    async (number) => {
      const { limits } = open({ capturesPerCaller: hourly(2) });
      const hidden = { ...ANYBODY, caller: { ...CALLER, number } };
      const many = Array.from({ length: 30 }, () => limits.arming(hidden));
      expect(await outcomes(many)).toBe(20);
      await limits.arming({ ...hidden, caller: { number, called: '+33199000002' } });
      await limits.arming(ANYBODY);
    },
  );
});

describe('what lies in Redis', () => {
  it('names no caller and no range, and goes with its window', async () => {
    const { limits } = open({ capturesPerCaller: hourly(2), cardsPerRange: hourly(2) });
    await limits.arming(ANYBODY);
    await limits.asking(ANYBODY, ...bank(null));
    const names = await server.admin.keys('*');
    expect(names.length).toBe(2);
    for (const name of names) {
      expect(name).toMatch(/^tw:limit:[\w-]{22}$/);
      expect(await server.admin.get(name)).toBe('1');
      expect(await server.admin.pttl(name)).toBeGreaterThan(HOUR - 10_000);
    }
  });

  it('is needed: without Redis nothing passes', async () => {
    const away = await server.client();
    await away.close();
    const { keys: _keys, ...rest } = { keys, ...open({}) };
    const limits = new Limits({
      settings: { ...UNLIMITED, capturesPerCaller: hourly(2), declinesPerCaller: hourly(2) },
      ...{ redis: away, keys, ...rest, log: silentLogger },
    });
    await expect(limits.arming(ANYBODY)).rejects.toMatchObject({ code: 'redis_unavailable' });
    await expect(limits.linking(ANYBODY)).rejects.toMatchObject({ code: 'redis_unavailable' });
    await expect(limits.declined(ANYBODY, 'card_declined')).rejects.toMatchObject({
      code: 'redis_unavailable',
    });
  });
});

it('a capture that is charged costs the commands that the document says', async () => {
  let sent = 0;
  const counting: Pick<Redis, 'command' | 'run'> = {
    command: (...args) => (sent++, redis.command(...args)),
    run: (...args) => (sent++, redis.run(...args)),
  };
  const { audit, clock, metrics } = open({});
  const limits = new Limits({
    settings: DEFAULT_LIMITS,
    ...{ redis: counting, keys, audit, clock, metrics, log: silentLogger },
  });
  await limits.arming({ ...ANYBODY, range: null });
  await limits.asking(ANYBODY, ...bank(null));
  expect(readFileSync('docs/limits.md', 'utf8')).toContain(`${sent} commands`);
});

/** Of each subject, the smallest first. */
async function counts(): Promise<number[]> {
  const names = await server.admin.keys('tw:limit:*');
  const found = await Promise.all(names.map((name) => server.admin.get(name)));
  return found.map(Number).toSorted((a, b) => a - b);
}
