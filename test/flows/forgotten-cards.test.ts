import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { systemClock, type Clock } from '../../src/clock.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import { entriesOf } from '../audit/chains.js';
import { startProvider, type Provider } from '../support/provider.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';
import { over, startService, until } from '../support/service.js';

const FAST = { onMs: 60, offMs: 60 };
const DAY_MS = 86_400_000;
/** Left to live for a token when its card is keyed: by then its capture is over. */
const LIFE_MS = 8_000;

/** How far the clock of the service is ahead. */
let ahead = LIFE_MS - DAY_MS;
/** What waits for a minute or more comes a hundred times as soon. */
const clock: Clock = {
  ...systemClock,
  now: () => Date.now() + ahead,
  after: (ms, task) => systemClock.after(ms < 60_000 ? ms : ms / 100, task),
};

let dir: string;
let redis: TestRedis;
let provider: Provider;
let options: Parameters<typeof startService>[0];
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tonewall-forgotten-'));
  redis = await startTestRedis();
  provider = await startProvider();
  const keyFile = join(dir, 'keys.json');
  await createKeyFile(keyFile, new Date().toISOString());
  const own = { DATA_DIR: dir, VAULT_KEY_FILE: keyFile, TOKEN_TTL_DAYS: '1', STORE_CARDS: 'false' };
  options = { redis, clock, env: { ...provider.env, ...own } };
});
afterAll(async () => {
  await provider.close();
  await redis.stop();
  await rm(dir, { recursive: true, force: true });
});

it('a card whose token ran out while no service was there is forgotten by the next one', async () => {
  const first = await startService(options);
  const { caller } = await first.talk();
  const { id } = await first.arm(caller);
  await caller.press('4242424242424242', FAST);
  await caller.press('1234', FAST);
  const { token } = await first.captureWhen(id, over);
  expect((await first.api('GET', `/v1/tokens/${token}`)).status).toBe(200);
  expect(provider.server.storedCards).toHaveLength(1);
  await first.stop();
  await until(async () => (await redis.admin.keys('tw:v:*:s:*')).length === 0);
  expect(await redis.admin.keys('tw:v:*:p:*')).toHaveLength(1);

  ahead = DAY_MS;
  const second = await startService(options);
  expect((await second.api('GET', `/v1/tokens/${token}`)).status).toBe(404);
  await until(() => provider.server.storedCards.length === 0);
  await until(async () => (await redis.admin.keys('tw:v:*:p:*')).length === 0);
  await second.stop();
  const entries = (await entriesOf(join(dir, 'audit/service'))).filter(({ type }) => type === 'token.forget');
  expect(entries.map(({ outcome, actor }) => [outcome, actor])).toEqual([
    ['intent', 'service'],
    ['done', 'service'],
  ]);
}, 60_000);
