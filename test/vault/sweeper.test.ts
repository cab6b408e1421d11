import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock, type Clock } from '../../src/clock.js';
import { AppError } from '../../src/errors.js';
import { silentLogger, type LogFields } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import type { RedisServers } from '../../src/redis/redis.js';
import { parseRecord, recordText } from '../../src/vault/card-record.js';
import { CardVault } from '../../src/vault/card-vault.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import type { KeyProvider } from '../../src/vault/key-provider.js';
import { RedisTokenStore } from '../../src/vault/redis-token-store.js';
import { Sweeper, type SweeperOptions } from '../../src/vault/sweeper.js';
import type { TokenizeRequest } from '../../src/vault/vault.js';
import { NOTHING_FOUND } from '../../src/vault/vault-inspector.js';
import { MemoryAudit } from '../support/audit.js';
import { cardRequest } from '../support/card-request.js';
import { openKeys } from '../support/keys.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';
import { until } from '../support/service.js';

const DAY_S = 86_400;
/** Minutes pass in some hundredths of a second. */
const quick: Clock = { ...systemClock, after: (ms, task) => systemClock.after(ms / 2_000, task) };

let server: TestRedis;
let redis: RedisClient;
let keys: KeyProvider;
let store: RedisTokenStore;
let dir: string;
let audit: MemoryAudit;
beforeAll(async () => {
  server = await startTestRedis();
  redis = await server.client();
  dir = await mkdtemp(join(tmpdir(), 'tw-'));
  await createKeyFile(join(dir, 'keys.json'), '2026-11-21T00:00:00.000Z');
  keys = await openKeys(join(dir, 'keys.json'));
  store = new RedisTokenStore({ redis, clock: systemClock, log: silentLogger });
});
beforeEach(async () => {
  await server.admin.flushall();
  audit = new MemoryAudit();
});
afterAll(async () => {
  await server.stop();
  await rm(dir, { recursive: true, force: true });
});

/** A vault whose clock is ahead of ours. */
function vaultAhead(aheadMs = 0): CardVault {
  const clock = { ...systemClock, now: () => Date.now() + aheadMs };
  return new CardVault({ keys, store, clock, ttlDays: 15, metrics: createMetrics(), log: silentLogger });
}

function sweeper(options: Partial<SweeperOptions> = {}): Sweeper {
  const shared = { redis, store, keys, audit, clock: quick, log: silentLogger, metrics: createMetrics() };
  return new Sweeper({ ...shared, worker: 'one', everyHours: 24, ...options });
}

interface Put {
  token: string;
  sealed: string;
  record: string;
}

/** A card that ends in 15 days, unless a vault or a request says otherwise. */
async function put(
  bucket: number,
  request: Partial<TokenizeRequest> = {},
  vault = vaultAhead(),
): Promise<Put> {
  const { token } = await vault.tokenize({ ...cardRequest(bucket), purpose: 'single', ...request });
  const [sealed = ''] = await server.admin.keys(`tw:v:{shop.0${bucket}}:s:*`);
  return { token, sealed, record: sealed.replace(':s:', ':r:') };
}

const clean = { ...NOTHING_FOUND, seals: 1, records: 1, fingerprints: 1 };
const destroyed = () => audit.told.filter(([type]) => type === 'token.destroy').map(([, outcome]) => outcome);
const nothing = { events: [], writes: [] };

describe('a sweep of a vault that is as it should be', () => {
  it('finds nothing, and changes nothing', async () => {
    for (const [bucket, purpose] of (['single', 'saved', 'subscription', 'dispute'] as const).entries()) {
      const { token } = await put(bucket, { purpose });
      if (bucket === 0) await vaultAhead().open('shop', token, () => Promise.resolve());
      if (bucket === 1) await vaultAhead().destroy('shop', token);
    }
    const ends = async () => {
      const names = (await server.admin.keys('tw:[vf]:*')).toSorted();
      return Promise.all(names.map(async (name) => [name, await server.admin.pexpiretime(name)]));
    };
    const before = await ends();
    expect(await sweeper().sweep()).toEqual({ ...NOTHING_FOUND, seals: 3, records: 4, fingerprints: 4 });
    expect(await ends()).toEqual(before);
    expect(audit.told).toEqual([
      ['vault.sweep', 'done', '3 seals, 4 records, 4 fingerprints, no fault', 'service'],
    ]);
  });

  it('says which cards a provider keeps, and how many of them are to be forgotten', async () => {
    const stored = { provider: 'ledger', reference: 'pm_1' };
    const [goes] = [await put(1, { stored }), await put(2, { stored }), await put(3)];
    await vaultAhead().destroy('shop', goes.token);
    const found = { seals: 2, records: 3, fingerprints: 3, names: 2, unforgotten: 1 };
    expect(await sweeper().sweep()).toEqual({ ...NOTHING_FOUND, ...found });
    expect(audit.told.map(([, , what]) => what)).toEqual([
      '2 seals, 3 records, 3 fingerprints, 2 cards at a provider (1 to be forgotten), no fault',
    ]);
  });

  it('does no harm on a node whose clock is a year ahead, or behind', async () => {
    const { token } = await put(1);
    for (const jump of [365, -365]) {
      const clock = { ...quick, now: () => Date.now() + jump * DAY_S * 1000 };
      expect(await sweeper({ clock }).sweep()).toEqual(clean);
    }
    expect(await vaultAhead().token('shop', token)).not.toBeNull();
  });

  it.each([
    ['was destroyed', [{ id: 'k1', state: 'destroyed' as const }]],
    ['is not known here yet', []],
  ])('accepts a row of layout 1, and one whose key %s', async (_, versions) => {
    const expires = Math.floor(Date.now() / 1000) + 1_000;
    const record =
      '{"brand":"visa","last4":"4242","exp_month":12,"exp_year":2034,"fingerprint":"fpr_0","purpose":"single",' +
      `"channel":"moto_attended","created":1763769600000,"expires":${expires},"durability":"local","consent":null,"metadata":{}}`;
    const { sealed } = await put(1);
    const { sealed: seals } =
      (await store.get({ merchant: 'shop', bucket: 1, index: indexOf(sealed) })) ?? fail();
    await server.admin.flushall();
    const place = { merchant: 'shop', bucket: 2, index: Buffer.alloc(16, 2) };
    const lost = { ...keys, versions };
    await store.put(
      place,
      { record, sealed: { ...seals, layout: 1 } },
      { card: expires, record: expires },
      nothing,
    );
    expect(await sweeper({ keys: lost }).sweep()).toEqual({ ...NOTHING_FOUND, seals: 1, records: 1 });
  });
});

describe('a sweep finds', () => {
  it('a card that has no end, and gives it the one that it was sealed with', async () => {
    const { sealed } = await put(1);
    const end = await server.admin.expiretime(sealed);
    await server.admin.persist(sealed);
    expect(await sweeper().sweep()).toEqual({ ...clean, misdated: 1 });
    expect(await server.admin.expiretime(sealed)).toBe(end);
    expect(await sweeper().sweep()).toEqual(clean);
  });

  it('a card whose end was put off', async () => {
    const { sealed } = await put(1);
    const end = await server.admin.expiretime(sealed);
    await server.admin.expireat(sealed, end + 10 * DAY_S);
    expect(await sweeper().sweep()).toEqual({ ...clean, misdated: 1 });
    expect(await server.admin.expiretime(sealed)).toBe(end);
  });

  it('a card past its date, and shreds it', async () => {
    const { sealed, token } = await put(1, {}, vaultAhead(1_500 - 15 * DAY_S * 1000));
    await server.admin.persist(sealed);
    await until(async () => (await vaultAhead().token('shop', token)) === null);
    expect(await server.admin.exists(sealed)).toBe(1);
    expect(await sweeper().sweep()).toEqual({ ...clean, overdue: 1 });
    expect(await server.admin.exists(sealed)).toBe(0);
    expect(destroyed()).toEqual(['intent', 'done']);
  });

  it('records and names of fingerprints without an end, or with one too late', async () => {
    const { record } = await put(1);
    const end = await server.admin.expiretime(record);
    const [name = ''] = await server.admin.keys('tw:f:*');
    await server.admin.persist(record);
    await server.admin.persist(name);
    expect(await sweeper().sweep()).toEqual({ ...clean, misdated: 2 });
    expect(await server.admin.expiretime(record)).toBe(end);
    const years = (await server.admin.ttl(name)) / DAY_S / 365.25;
    expect(years > 21 && years < 22).toBe(true);
    await server.admin.expireat(record, end + 10 * DAY_S);
    await server.admin.expire(name, 30 * 366 * DAY_S);
    expect(await sweeper().sweep()).toEqual({ ...clean, misdated: 2 });
  });

  it('a record past its date', async () => {
    const { sealed, record } = await put(1);
    const old = { ...parseRecord((await server.admin.get(record)) ?? ''), expires: 1_700_000_000 };
    await server.admin.del(sealed);
    await server.admin.set(record, recordText(old));
    expect(await sweeper().sweep()).toEqual({ ...clean, seals: 0, overdue: 1 });
    expect(await server.admin.exists(record)).toBe(0);
  });

  it('a card without its record, and shreds it', async () => {
    const { sealed, record } = await put(1);
    await server.admin.del(record);
    expect(await sweeper().sweep()).toEqual({ ...clean, records: 0, orphaned: 1 });
    expect(await server.admin.exists(sealed)).toBe(0);
    expect(destroyed()).toEqual(['intent', 'done']);
  });

  it('a card whose date was changed in its record', async () => {
    const { sealed, record } = await put(1);
    const was = parseRecord((await server.admin.get(record)) ?? '');
    const expires = was.expires + 100 * DAY_S;
    await server.admin.set(record, recordText({ ...was, expires }), 'EXAT', expires + 400 * DAY_S);
    await server.admin.expireat(sealed, expires);
    expect(await sweeper().sweep()).toEqual({ ...clean, altered: 1 });
  });

  it('a record that can not be read', async () => {
    const { record } = await put(1);
    await server.admin.set(record, '{"brand":"visa"}');
    expect(await sweeper().sweep()).toEqual({ ...clean, altered: 2 });
  });

  it('a provider’s name without an end, with one too late, or that is not as it was sealed', async () => {
    const { sealed, record } = await put(1, { stored: { provider: 'ledger', reference: 'pm_1' } });
    const name = sealed.replace(':s:', ':p:');
    const end = await server.admin.expiretime(name);
    const named = { ...clean, names: 1 };
    for (const late of [
      () => server.admin.persist(name),
      () => server.admin.expireat(name, end + 10 * DAY_S),
    ]) {
      await late();
      expect(await sweeper().sweep()).toEqual({ ...named, misdated: 1 });
      expect(await server.admin.expiretime(name)).toBe(end);
    }
    await server.admin.persist(name);
    await server.admin.del(record, sealed);
    expect(await sweeper().sweep()).toMatchObject({ names: 1, unforgotten: 1, misdated: 1 });
    expect((await server.admin.ttl(name)) / DAY_S / 365.25).toBeLessThan(22);
    await server.admin.copy(name, name.replace(/..$/, '00'));
    expect(await sweeper().sweep()).toMatchObject({ names: 2, unforgotten: 2, altered: 1 });
    await server.admin.hdel(name, 'p');
    expect(await sweeper().sweep()).toMatchObject({ names: 2, altered: 2 });
  });

  it('a count of openings that does not end', async () => {
    const { sealed, token } = await put(1);
    await vaultAhead().open('shop', token, () => Promise.resolve());
    await server.admin.persist(sealed.replace(':s:', ':n:'));
    expect(await sweeper().sweep()).toEqual({ ...clean, misdated: 1 });
    expect(await server.admin.ttl(sealed.replace(':s:', ':n:'))).toBeGreaterThan(3_590);
  });

  it('keys that are none of ours, and leaves them', async () => {
    await server.admin.set('tw:v:{shop.01}:z:1', 'x');
    await server.admin.set('tw:f:1', 'x');
    expect(await sweeper().sweep()).toEqual({ ...NOTHING_FOUND, unknown: 2 });
    expect(await server.admin.exists('tw:v:{shop.01}:z:1', 'tw:f:1')).toBe(2);
  });

  it('and says so: in the log, the audit trail and a metric', async () => {
    const { sealed } = await put(1);
    await server.admin.persist(sealed);
    const lines: [LogFields, string][] = [];
    const log = { ...silentLogger, error: (...line: [LogFields, string]) => void lines.push(line) };
    const metrics = createMetrics();
    await sweeper({ log, metrics }).sweep();
    expect(lines).toEqual([
      [{ status: 'misdated', count: 1 }, 'a sweep found in the vault what should not be there'],
    ]);
    expect(audit.told.at(-1)).toEqual([
      'vault.sweep',
      'done',
      '1 seals, 1 records, 1 fingerprints, 1 misdated',
      'service',
    ]);
    expect(await metrics.registry.getSingleMetricAsString('tonewall_vault_sweep_faults_total')).toContain(
      'tonewall_vault_sweep_faults_total{fault="misdated"} 1',
    );
  });
});

describe('sweeps of several nodes', () => {
  it('are one at a time', async () => {
    await put(1);
    const held = sweeper({ worker: 'other', redis: slow(redis) });
    const first = held.sweep();
    await until(async () => (await server.admin.get('tw:{vault-sweep}:lease')) === 'other');
    await expect(sweeper().sweep()).rejects.toMatchObject({ code: 'bad_request' });
    expect(await first).toEqual(clean);
  });

  it('go on where another was cut off', async () => {
    for (let n = 0; n < 300; n++) await server.admin.set(`tw:v:{shop.01}:z:${n}`, 'x');
    let seen = 0;
    const first = sweeper();
    await expect(
      first.sweep((step) => {
        seen += step.unknown;
        void first.stop();
      }),
    ).rejects.toMatchObject({ code: 'bad_request' });
    expect(seen).toBeLessThan(300);
    expect(await sweeper({ worker: 'two' }).sweep()).toEqual({ ...NOTHING_FOUND, unknown: 300 });
  });

  it('begin again a minute later when they were cut off before their first step', async () => {
    await put(1);
    let cut = true;
    const masters = () => {
      if (cut) throw new AppError('redis_unavailable', 'away');
      return redis.masters();
    };
    const worker = sweeper({ redis: { ...slow(redis), masters } });
    await expect(worker.sweep()).rejects.toMatchObject({ code: 'redis_unavailable' });
    cut = false;
    worker.start();
    await until(() => audit.told.length === 1);
    await worker.stop();
  });

  it('come by themselves, and again when it is time', async () => {
    await put(1);
    let now = Date.now();
    const clock = { ...quick, now: () => now };
    const worker = sweeper({ clock, everyHours: 24 });
    worker.start();
    const swept = (times: number) => until(() => audit.told.length === times);
    await swept(1);
    now += 23 * 3_600_000;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(audit.told).toHaveLength(1);
    now += 3_600_000;
    await swept(2);
    await worker.stop();
  });

  it('shred nothing without an audit trail', async () => {
    const { sealed, record } = await put(1);
    await server.admin.del(record);
    audit.ready = false;
    await expect(sweeper().sweep()).rejects.toMatchObject({ code: 'vault_unavailable' });
    expect(await server.admin.exists(sealed)).toBe(1);
  });
});

it('a sweep asks for nothing that its user may not do', async () => {
  expect(await server.admin.acl('LOG')).toEqual([]);
});

function indexOf(sealed: string): Buffer {
  return Buffer.from(sealed.slice(-32), 'hex');
}

function fail(): never {
  throw new RangeError('no row');
}

/** Takes some time for each step of a walk. */
function slow(client: RedisClient): RedisServers {
  return {
    ready: true,
    watch: (listener) => client.watch(listener),
    close: () => client.close(),
    command: (...args) => client.command(...args),
    commandBuffer: (...args) => client.commandBuffer(...args),
    run: (...args) => client.run(...args),
    masters: () =>
      client.masters().map((node) => ({
        async command(...args) {
          await new Promise((resolve) => setTimeout(resolve, 100));
          return node.command(...args);
        },
      })),
  };
}
