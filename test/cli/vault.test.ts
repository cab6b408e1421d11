import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { vault } from '../../src/cli/vault.js';
import { systemClock } from '../../src/clock.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import { CardVault } from '../../src/vault/card-vault.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import { RedisTokenStore } from '../../src/vault/redis-token-store.js';
import { entriesOf } from '../audit/chains.js';
import { cardRequest } from '../support/card-request.js';
import { openKeys } from '../support/keys.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';

let server: TestRedis;
let dir: string;
let file: string;
let put: CardVault['tokenize'];
beforeAll(async () => {
  server = await startTestRedis();
  dir = await mkdtemp(join(tmpdir(), 'tw-'));
  file = join(dir, 'keys.json');
  await createKeyFile(file, '2026-11-21T00:00:00.000Z');
  const shared = { clock: systemClock, log: silentLogger, metrics: createMetrics() };
  const store = new RedisTokenStore({ redis: await server.client(), ...shared });
  const keys = await openKeys(file);
  const sealing = new CardVault({ keys, store, ttlDays: 15, ...shared });
  put = (request) => sealing.tokenize(request);
  await put(cardRequest(1));
});
afterAll(async () => {
  await server.stop();
  await rm(dir, { recursive: true, force: true });
});

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const env = { VAULT_KEY_FILE: file, DATA_DIR: join(dir, 'data'), REDIS_URL: server.url };
  const code = await vault.run(args, { stdin: process.stdin, stdout, stderr, env });
  stdout.end();
  stderr.end();
  return { code, stdout: await text(stdout), stderr: await text(stderr) };
}

describe('vault sweep', () => {
  it('says that nothing is past its date', async () => {
    expect(await run('sweep')).toEqual({
      code: 0,
      stdout: '1 seals, 1 records, 1 fingerprints.\nEach of them has its end, and nothing is past it.\n',
      stderr: '',
    });
  });

  it('says what should not be there, to the audit trail too', async () => {
    const [sealed = ''] = await server.admin.keys('tw:v:*:s:*');
    await server.admin.persist(sealed);
    expect(await run('sweep')).toEqual({
      code: 1,
      stdout:
        '1 seals, 1 records, 1 fingerprints.\n\n' +
        'found     count  means\n' +
        'misdated  1      without an end, or with one after its date: it gets the right one\n',
      stderr: '',
    });
    const facts = (await entriesOf(join(dir, 'data/audit/operator'))).filter(
      ({ type }) => type === 'vault.sweep',
    );
    expect(facts.map(({ resource }) => resource)).toEqual([
      '1 seals, 1 records, 1 fingerprints, no fault',
      '1 seals, 1 records, 1 fingerprints, 1 misdated',
    ]);
  });

  it('says how many cards a provider keeps', async () => {
    await put({ ...cardRequest(2), stored: { provider: 'stripe', reference: 'pm_1' } });
    expect(await run('sweep')).toEqual({
      code: 0,
      stdout:
        '2 seals, 2 records, 2 fingerprints, 1 cards at a provider (0 to be forgotten).\n' +
        'Each of them has its end, and nothing is past it.\n',
      stderr: '',
    });
  });

  it.each([[[]], [['drop']], [['sweep', 'all']]])('is not what %j asks for', async (args) => {
    expect(await run(...args)).toEqual({
      code: 2,
      stdout: '',
      stderr: 'usage: npx tonewall vault sweep\n',
    });
  });
});
