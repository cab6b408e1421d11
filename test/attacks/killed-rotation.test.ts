import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/clock.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import { CardVault } from '../../src/vault/card-vault.js';
import { rotateKeys } from '../../src/vault/key-changes.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import { plainSeal } from '../../src/vault/plain-seal.js';
import { RedisTokenStore } from '../../src/vault/redis-token-store.js';
import { RewrapLedger } from '../../src/vault/rewrap-ledger.js';
import { countByVersion } from '../../src/vault/sealed-rows.js';
import { theBuild, type Build } from '../support/build.js';
import { ACCOUNT_SID, AUTH_TOKEN } from '../support/carrier.js';
import { cardRequest } from '../support/card-request.js';
import { openKeys } from '../support/keys.js';
import { run, type Running } from '../support/process.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';
import { freePorts, until } from '../support/service.js';

const CARDS = 1_500;
const AT_ONCE = 100;
const READY = 'redis is durable: ready';

let build: Build;
let dir: string;
let keyFile: string;
let server: TestRedis;
let redis: RedisClient;
let ledger: RewrapLedger;
const running: Running[] = [];
beforeAll(async () => {
  build = await theBuild();
  dir = await mkdtemp(join(tmpdir(), 'tonewall-rotation-'));
  keyFile = join(dir, 'keys.json');
  await createKeyFile(keyFile, '2026-11-21T00:00:00.000Z');
  server = await startTestRedis();
  redis = await server.client({ commandTimeoutMs: 20_000 });
  ledger = new RewrapLedger(redis);
});
afterAll(async () => {
  for (const service of running) service.signal('SIGKILL');
  await Promise.all(running.map(({ exited }) => exited));
  await server.stop();
  await rm(dir, { recursive: true, force: true });
});

async function start(): Promise<Running> {
  const [port, metricsPort] = await freePorts(2);
  const service = run(build.root, dir, {
    HOST: '127.0.0.1',
    PORT: String(port),
    METRICS_PORT: String(metricsPort),
    DATA_DIR: join(dir, 'data'),
    REDIS_URL: server.url,
    VAULT_KEY_FILE: keyFile,
    VAULT_KEY_SEAL: 'plain',
    TWILIO_ACCOUNT_SID: ACCOUNT_SID,
    TWILIO_AUTH_TOKEN: AUTH_TOKEN,
    AGENT_DIAL_TO: 'sip:agent@sandbox.invalid',
  });
  running.push(service);
  await service.says(READY);
  return service;
}

/** A vault beside the service, with the keys that the file has now. */
async function newVault(): Promise<CardVault> {
  const shared = { clock: systemClock, log: silentLogger, metrics: createMetrics() };
  const store = new RedisTokenStore({ redis, ...shared });
  return new CardVault({ keys: await openKeys(keyFile), store, ttlDays: 15, ...shared });
}

const versions = async () => Object.fromEntries(await countByVersion(redis, () => {}));

describe('a service that rewraps', () => {
  it('A40: and is killed half way goes on after its restart and ends; every card opens throughout', async () => {
    const vault = await newVault();
    const tokens: string[] = [];
    for (let n = 0; n < CARDS; n += AT_ONCE) {
      const requests = Array.from({ length: AT_ONCE }, (_, i) => vault.tokenize(cardRequest(i)));
      tokens.push(...(await Promise.all(requests)).map(({ token }) => token));
    }
    const opens = async () => {
      // Each with a fresh look at the key file, as a service that starts has it.
      const now = await newVault();
      const found = await Promise.all(tokens.map((token) => now.token('shop', token)));
      return found.filter((view, at) => view?.token === tokens[at]).length;
    };

    const first = await start();
    await rotateKeys(keyFile, plainSeal, '2026-12-01T00:00:00.000Z');
    await until(async () => (await ledger.read()).rewrapped > CARDS / 2, 20_000);
    first.signal('SIGKILL');
    expect(await first.exited).toBe('SIGKILL');
    const half = await versions();
    expect(half['k1']).toBeGreaterThan(0);
    expect(half['k2']).toBeGreaterThan(CARDS / 2);
    expect(await opens()).toBe(CARDS);

    await start();
    await until(async () => {
      const { target, round, done } = await ledger.read();
      return target === 'k2' && done === round;
    }, 30_000);
    expect(await versions()).toEqual({ k2: CARDS });
    expect(await opens()).toBe(CARDS);
    expect(await ledger.read()).toMatchObject({ scanned: CARDS, rewrapped: 0, failed: 0 });
  }, 90_000);
});
