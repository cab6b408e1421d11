import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/clock.js';
import { AppError } from '../../src/errors.js';
import { silentLogger, type LogFields } from '../../src/log.js';
import { createMetrics, type Metrics } from '../../src/metrics.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import { CardVault } from '../../src/vault/card-vault.js';
import { Forgetter, type CardKeeper, type ForgetterOptions } from '../../src/vault/forgetter.js';
import { changeKey, rotateKeys } from '../../src/vault/key-changes.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import type { KeyProvider } from '../../src/vault/key-provider.js';
import { plainSeal } from '../../src/vault/plain-seal.js';
import { RedisTokenStore } from '../../src/vault/redis-token-store.js';
import { rewrapRows } from '../../src/vault/rewrap-rows.js';
import { Sweeper } from '../../src/vault/sweeper.js';
import { WITHDRAW } from '../../src/vault/token-scripts.js';
import type { Place } from '../../src/vault/token-store.js';
import { MemoryAudit } from '../support/audit.js';
import { cardRequest } from '../support/card-request.js';
import { openKeys } from '../support/keys.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';
import { until } from '../support/service.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A provider's list of cards. */
class Keeper implements CardKeeper {
  readonly name = 'ledger';
  readonly kept = new Set<string>();
  /** What it was asked to forget, each time. */
  readonly asked: string[] = [];
  answers = true;
  /** What it does before it answers. */
  busy: () => Promise<void> = () => Promise.resolve();

  async forget(reference: string): Promise<void> {
    this.asked.push(reference);
    await this.busy();
    if (!this.answers) throw new AppError('psp_unavailable', 'nobody answers');
    this.kept.delete(reference);
  }
}

let server: TestRedis;
let redis: RedisClient;
let keys: KeyProvider;
let dir: string;
let keeper: Keeper;
let audit: MemoryAudit;
let metrics: Metrics;
/** How far the clock of the rounds is ahead. */
let ahead = 0;
let lines: [LogFields, string][];
const running: Forgetter[] = [];
beforeAll(async () => {
  server = await startTestRedis();
  redis = await server.client();
  dir = await mkdtemp(join(tmpdir(), 'tw-'));
  await createKeyFile(join(dir, 'keys.json'), '2026-11-22T00:00:00.000Z');
  keys = await openKeys(join(dir, 'keys.json'));
});
beforeEach(async () => {
  await server.admin.flushall();
  [keeper, audit, metrics, ahead, lines] = [new Keeper(), new MemoryAudit(), createMetrics(), 0, []];
});
afterEach(async () => {
  for (const forgetter of running.splice(0)) await forgetter.stop();
});
afterAll(async () => {
  await server.stop();
  await rm(dir, { recursive: true, force: true });
});

function forgetter(options: Partial<ForgetterOptions> = {}): Forgetter {
  // Minutes pass in some hundredths of a second.
  const clock = {
    ...systemClock,
    now: () => Date.now() + ahead,
    after: (ms: number, task: () => void) => systemClock.after(ms / 2_000, task),
  };
  const log = { ...silentLogger, warn: (...line: [LogFields, string]) => void lines.push(line) };
  const made = new Forgetter({
    ...{ redis, keys, keeper, audit, worker: 'one', clock, log, metrics },
    ...options,
  });
  running.push(made);
  return made;
}

/** A node's vault: `destroyed` hears of what it destroys; `aheadMs`: how far its clock is ahead. */
function vault(destroyed: (place: Place) => void = () => {}, aheadMs = 0): CardVault {
  const clock = { ...systemClock, now: () => Date.now() + aheadMs };
  const store = new RedisTokenStore({ redis, clock: systemClock, log: silentLogger, destroyed });
  return new CardVault({ keys, store, clock, ttlDays: 15, metrics: createMetrics(), log: silentLogger });
}

/** A token of a card that the provider keeps. */
async function token(reference: string, from = vault(), provider = 'ledger'): Promise<string> {
  keeper.kept.add(reference);
  const request = { ...cardRequest(1), purpose: 'single' as const, stored: { provider, reference } };
  return (await from.tokenize(request)).token;
}

/** Some tokens that have just been destroyed, by a node that died over it. */
async function destroyed(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await vault().destroy('shop', await token(`pm_${n}`));
}

const names = () => server.admin.keys('tw:v:*:p:*');
const toForget = async () => (await metrics.cardsToForget.get()).values[0]?.value;
const rounds = async () => Number((await server.admin.hget('tw:{vault-forget}:state', 'began')) ?? 0);
const resting = async () => (await server.admin.exists('tw:{vault-forget}:lease')) === 0;

/** Until a round that begins from now on has ended. */
async function round(made: Forgetter, afterMs = 0): Promise<void> {
  const before = await rounds();
  ahead += afterMs;
  made.start();
  await until(async () => (await rounds()) > before && (await resting()));
  await made.stop();
}

describe('a card that the provider keeps is forgotten', () => {
  it('at once when its token is destroyed, and its name goes', async () => {
    const made = forgetter();
    const [node, stays] = [vault((place) => made.gone(place)), await token('pm_stays')];
    const goes = await token('pm_goes', node);
    expect(await names()).toHaveLength(2);
    expect(await node.destroy('shop', goes)).toBe(true);
    await until(async () => (await names()).length === 1);
    expect([...keeper.kept]).toEqual(['pm_stays']);
    expect(await node.token('shop', goes)).toBeNull();
    expect(await node.token('shop', stays)).not.toBeNull();
    expect(await node.destroy('shop', goes)).toBe(false);
    expect(keeper.asked).toEqual(['pm_goes']);
    const row = expect.stringMatching(/^shop\/row [0-9a-f]{8}$/);
    expect(audit.told).toEqual([
      ['token.forget', 'intent', row, 'service'],
      ['token.forget', 'done', row, 'service'],
    ]);
  });

  it('when its token runs out, and not before', async () => {
    const short = vault(undefined, 2_500 - 15 * DAY_MS);
    const goes = await token('pm_1', short);
    const made = forgetter();
    await round(made);
    expect([keeper.asked, await toForget()]).toEqual([[], 0]);
    await until(async () => (await server.admin.keys('tw:v:*:s:*')).length === 0);
    expect(await short.token('shop', goes)).toBeNull();
    expect(await names()).toHaveLength(1);
    await round(made, HOUR_MS);
    expect([[...keeper.kept], await names()]).toEqual([[], []]);
  });

  it('when a write is taken back', async () => {
    await token('pm_1');
    const [name = ''] = await names();
    await redis.run(
      WITHDRAW,
      [name.replace(':p:', ':s:'), name.replace(':p:', ':r:'), 'tw:o:{shop.01}'],
      [''],
    );
    await round(forgetter());
    expect([[...keeper.kept], await names()]).toEqual([[], []]);
  });

  it('when a sweep shreds its token', async () => {
    await token('pm_1');
    const [record = ''] = await server.admin.keys('tw:v:*:r:*');
    await server.admin.del(record);
    const store = new RedisTokenStore({ redis, clock: systemClock, log: silentLogger });
    const shared = { redis, store, keys, audit, clock: systemClock, log: silentLogger, metrics };
    await new Sweeper({ ...shared, worker: 'one', everyHours: 24 }).sweep();
    await round(forgetter());
    expect([[...keeper.kept], await names()]).toEqual([[], []]);
  });

  it('when it never had a token', async () => {
    await forgetter().forget('shop', { provider: 'ledger', reference: 'pm_1' });
    await until(async () => keeper.asked.length === 1 && (await names()).length === 0);
    expect(audit.told.map(([type, outcome]) => `${type} ${outcome}`)).toEqual([
      'token.forget intent',
      'token.forget done',
    ]);
  });

  it('when it never had a token, and the provider answers later: its name waits, 400 days at the most', async () => {
    keeper.answers = false;
    const made = forgetter();
    await made.forget('shop', { provider: 'ledger', reference: 'pm_1' });
    await until(() => audit.told.length === 2);
    const [name = ''] = await names();
    expect(Math.round((await server.admin.ttl(name)) / 86_400)).toBe(400);
    keeper.answers = true;
    await round(made);
    expect([keeper.asked, await names()]).toEqual([['pm_1', 'pm_1'], []]);
  });

  it('after a rotation, when the older key is retired', async () => {
    const goes = await token('pm_1');
    const [name = ''] = await names();
    const path = join(dir, 'keys.json');
    await rotateKeys(path, plainSeal, '2026-11-23T00:00:00.000Z');
    expect(await rewrapRows(redis, await openKeys(path), [name])).toEqual(['rewrapped']);
    await changeKey(path, 'retire', 'k1', '2026-11-23T00:00:00.000Z');
    const rotated = await openKeys(path);
    await vault().destroy('shop', goes);
    await round(forgetter({ keys: rotated }));
    expect([[...keeper.kept], await names()]).toEqual([[], []]);
  });

  it('in ten years: its name stays until its record goes', async () => {
    await vault().tokenize({ ...cardRequest(1), stored: { provider: 'ledger', reference: 'pm_1' } });
    const [name = ''] = await names();
    const ends = await Promise.all(
      ['p', 'r'].map((kind) => server.admin.expiretime(name.replace(':p:', `:${kind}:`))),
    );
    expect(ends[0]).toBe(ends[1]);
  });
});

describe('whoever dies, a card is forgotten', () => {
  it('by another node, when the first has destroyed its token', async () => {
    await destroyed(3);
    expect(keeper.asked).toEqual([]);
    await round(forgetter({ worker: 'two' }));
    expect([[...keeper.kept], await names()]).toEqual([[], []]);
  });

  it('again, when the first has told the provider, and no more', async () => {
    await destroyed(1);
    keeper.busy = () => Promise.resolve(server.kill());
    const made = forgetter();
    made.start();
    await until(() => keeper.asked.length > 0);
    keeper.busy = () => Promise.resolve();
    await until(async () => redis.ready && (await names()).length === 0);
    expect([keeper.asked.length > 1, [...keeper.kept]]).toEqual([true, []]);
  });

  it('from where a round was cut off', async () => {
    await destroyed(20);
    const first = forgetter();
    keeper.busy = () => {
      void first.stop();
      return Promise.resolve();
    };
    first.start();
    await until(() => keeper.asked.length > 0);
    await first.stop();
    keeper.busy = () => Promise.resolve();
    const second = forgetter({ worker: 'two' });
    second.start();
    await until(async () => (await names()).length === 0, 15_000);
    expect(keeper.kept.size).toBe(0);
  });

  it('by two nodes at once, which go round one at a time', async () => {
    await destroyed(20);
    const nodes = [forgetter(), forgetter({ worker: 'two', redis: await server.client() })];
    for (const node of nodes) node.start();
    await until(async () => (await names()).length === 0 && (await resting()));
    expect([keeper.kept.size, keeper.asked.length]).toEqual([0, 20]);
  });

  it('by two nodes that were told of it both', async () => {
    await token('pm_1');
    const nodes = [forgetter(), forgetter({ worker: 'two' })];
    const node = vault((place) => nodes.forEach((other) => other.gone(place)));
    const goes = await token('pm_2', node);
    await node.destroy('shop', goes);
    await until(async () => (await names()).length === 1);
    await Promise.all(nodes.map((other) => other.stop()));
    expect([...keeper.kept]).toEqual(['pm_1']);
  });
});

describe('while the provider is away', () => {
  const WAITS = 'cards that nobody needs wait for the payment provider to forget them';

  it('cards wait, which is told, and are forgotten within five minutes of its return', async () => {
    keeper.answers = false;
    const made = forgetter();
    const node = vault((place) => made.gone(place));
    expect(await node.destroy('shop', await token('pm_1', node))).toBe(true);
    await until(() => audit.told.length === 2);
    await round(made);
    expect(await toForget()).toBe(1);
    expect(lines).toEqual([[{ count: 1, reason: 'psp_unavailable' }, WAITS]]);
    expect(audit.told.map(([, outcome]) => outcome)).toEqual(['intent', 'failed', 'intent', 'failed']);
    for (let day = 0; day < 3; day++) await round(made, DAY_MS);
    keeper.answers = true;
    await round(made, 300_000);
    expect([[...keeper.kept], await names(), await toForget()]).toEqual([[], [], 0]);
  });

  it('a round comes soon for one that could not be told at once, else once an hour', async () => {
    const made = forgetter();
    await round(made);
    const began = await rounds();
    made.start();
    ahead += HOUR_MS - 60_000;
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(await rounds()).toBe(began);
    await made.stop();

    keeper.answers = false;
    const node = vault((place) => made.gone(place));
    await node.destroy('shop', await token('pm_1', node));
    await until(async () => (await server.admin.hget('tw:{vault-forget}:state', 'left')) === '1');
    keeper.answers = true;
    await round(made);
    expect(keeper.kept.size).toBe(0);
  });

  it('every node says how many wait, whichever goes round', async () => {
    await destroyed(1);
    keeper.answers = false;
    await round(forgetter());
    const other = createMetrics();
    forgetter({ worker: 'two', metrics: other }).start();
    await until(async () => (await other.cardsToForget.get()).values[0]?.value === 1);
  });

  it('it is not asked for every card', async () => {
    await destroyed(40);
    keeper.answers = false;
    const made = forgetter();
    await round(made);
    expect([await toForget(), keeper.asked.length]).toEqual([40, 8]);
    keeper.answers = true;
    await round(made, 300_000);
    expect([keeper.kept.size, await toForget()]).toEqual([0, 0]);
  });

  it('a token is destroyed at once all the same, and no more than a hundred are in hand', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    keeper.busy = () => held;
    const made = forgetter();
    const node = vault((place) => made.gone(place));
    for (let n = 0; n < 110; n++) expect(await node.destroy('shop', await token(`pm_${n}`, node))).toBe(true);
    await until(() => keeper.asked.length === 100);
    release();
    await until(async () => (await names()).length === 10);
    await round(made);
    expect([keeper.kept.size, keeper.asked.length]).toEqual([0, 110]);
  });
});

describe('a card is left, and told of,', () => {
  it('that another provider keeps; those of this one are forgotten', async () => {
    for (let n = 0; n < 20; n++) await vault().destroy('shop', await token(`cus_${n}`, vault(), 'other'));
    await destroyed(2);
    await round(forgetter());
    expect([keeper.asked.toSorted(), await toForget()]).toEqual([['pm_0', 'pm_1'], 20]);
    expect(lines.map(([{ reason }]) => reason)).toEqual(['no_provider']);
    expect(await names()).toHaveLength(20);
  });

  it('whose name was changed, or stands at another place', async () => {
    await destroyed(2);
    const [one = '', two = ''] = await names();
    await server.admin.copy(two, one, 'REPLACE');
    await server.admin.hset(two, 'p', Buffer.alloc(252));
    await round(forgetter());
    expect([keeper.asked, await toForget()]).toEqual([[], 2]);
  });

  it('while there is no audit trail', async () => {
    await destroyed(1);
    audit.ready = false;
    await round(forgetter());
    expect([keeper.asked, await toForget()]).toEqual([[], 1]);
  });
});

it('a node whose clock is a year ahead, or behind, forgets nothing that has a token', async () => {
  await token('pm_1');
  for (const jump of [365 * DAY_MS, -365 * DAY_MS]) {
    ahead = jump;
    await server.admin.del('tw:{vault-forget}:state');
    const made = forgetter();
    made.start();
    await until(async () => (await rounds()) > 0 && (await resting()));
    await made.stop();
  }
  expect(keeper.asked).toEqual([]);
});

it('a card without a token is forgotten at once where nothing can be written down', async () => {
  const lost = Object.assign(Object.create(redis) as RedisClient, {
    run: () => Promise.reject(new AppError('redis_unavailable', 'away')),
  });
  const stored = { provider: 'ledger', reference: 'pm_1' };
  await forgetter({ redis: lost }).forget('shop', stored);
  expect(keeper.asked).toEqual(['pm_1']);
  keeper.answers = false;
  await forgetter({ redis: lost }).forget('shop', stored);
  expect(lines).toEqual([
    [{ code: 'psp_unavailable' }, 'a card that nobody needs is left with the payment provider'],
  ]);
});

it('nothing is asked of redis that its user may not do', async () => {
  expect(await server.admin.acl('LOG')).toEqual([]);
});
