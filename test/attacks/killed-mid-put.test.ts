import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/clock.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import type { ReplicatedRedis } from '../../src/redis/redis.js';
import { CardVault } from '../../src/vault/card-vault.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import { RedisTokenStore } from '../../src/vault/redis-token-store.js';
import { cardRequest } from '../support/card-request.js';
import { openKeys } from '../support/keys.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';

/** Where in a step: before Redis is asked, or when it has done it and the answer is on its way. */
const MOMENTS = ['before', 'after'] as const;
type Moment = (typeof MOMENTS)[number];

const BUCKET = 7;

let server: TestRedis;
let redis: RedisClient;
let dir: string;
beforeAll(async () => {
  server = await startTestRedis();
  redis = await server.client();
  dir = await mkdtemp(join(tmpdir(), 'tw-'));
  await createKeyFile(join(dir, 'keys.json'), '2026-11-21T00:00:00.000Z');
});
beforeEach(async () => {
  await server.admin.flushall();
});
afterAll(async () => {
  await server.stop();
  await rm(dir, { recursive: true, force: true });
});

/** A process that dies at a step: from then on it asks nothing, and hears no answer. */
function mortal(
  at: number,
  moment: Moment,
): { redis: ReplicatedRedis; dead: Promise<string>; steps: () => number } {
  let steps = 0;
  let die: (step: string) => void = () => {};
  const dead = new Promise<string>((resolve) => (die = resolve));
  const never = new Promise<never>(() => {});
  const step = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const mine = steps++;
    if (mine > at) return never;
    if (mine === at && moment === 'after') await work();
    if (mine === at) {
      die(name);
      return never;
    }
    return work();
  };
  return {
    dead,
    steps: () => steps,
    redis: {
      ready: true,
      watch: () => () => {},
      close: () => Promise.resolve(),
      masters: () => redis.masters(),
      command: (name, ...args) => step(name, () => redis.command(name, ...args)),
      commandBuffer: (name, ...args) => step(name, () => redis.commandBuffer(name, ...args)),
      run: (script, keys, args) => step(script.name, () => redis.run(script, keys, args)),
      runAndWait: (script, ...rest) => step(script.name, () => redis.runAndWait(script, ...rest)),
    },
  };
}

async function vaultOn(from: ReplicatedRedis): Promise<CardVault> {
  const shared = { clock: systemClock, log: silentLogger, metrics: createMetrics() };
  const store = new RedisTokenStore({ redis: from, ...shared });
  return new CardVault({ keys: await openKeys(join(dir, 'keys.json')), store, ttlDays: 15, ...shared });
}

/** Sealed cards, records and events that there are. */
async function found(): Promise<number[]> {
  const { admin } = server;
  const counts = ['tw:v:*:s:*', 'tw:v:*:r:*'].map(async (pattern) => (await admin.keys(pattern)).length);
  const outboxes = await admin.keys('tw:o:*');
  const events = await Promise.all(outboxes.map((key) => admin.llen(key)));
  return [...(await Promise.all(counts)), events.reduce((sum, count) => sum + count, 0)];
}

/** What Redis is asked for a put, in turn; the first two at once. */
const STEPS = ['vault-alias', 'vault-now', 'vault-put'];

describe('a service that is killed while it puts a card', () => {
  it('has the steps of this table', async () => {
    const life = mortal(Infinity, 'before');
    await (await vaultOn(life.redis)).tokenize(cardRequest(BUCKET));
    expect(life.steps()).toBe(STEPS.length);
    expect(await found()).toEqual([1, 1, 1]);
  });

  it.each(STEPS.flatMap((name, at) => MOMENTS.map((moment) => ({ name, at, moment }))))(
    'A35: $moment $name leaves all of it or nothing, and a card can be put at once',
    async ({ name, at, moment }) => {
      const life = mortal(at, moment);
      const given: unknown[] = [];
      void (await vaultOn(life.redis)).tokenize(cardRequest(BUCKET)).then((view) => given.push(view));
      expect(await life.dead).toBe(name);
      const whole = name === 'vault-put' && moment === 'after';
      expect(await found()).toEqual(whole ? [1, 1, 1] : [0, 0, 0]);
      expect(given).toEqual([]);

      const heir = await vaultOn(redis);
      const { token } = await heir.tokenize(cardRequest(BUCKET));
      expect((await heir.token('shop', token))?.token).toBe(token);
    },
  );
});
