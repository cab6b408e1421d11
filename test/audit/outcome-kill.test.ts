import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { AuditEntry } from '../../src/audit/audit-entry.js';
import { verifyChain } from '../../src/audit/verify-chain.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import { openKeys } from '../support/keys.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';
import { entriesOf, newFolder } from './chains.js';

const ROUNDS = 2;

let dir: string;
let redis: TestRedis;
beforeEach(async () => {
  dir = await newFolder();
  redis = await startTestRedis();
  await createKeyFile(join(dir, 'keys.json'), '2026-11-21T00:00:00.000Z');
});
afterEach(async () => {
  await redis.stop();
  await rm(dir, { recursive: true });
});

it('A44: a process that is killed under load leaves no card whose outcome the trail does not know in the end', async () => {
  for (let round = 1; round <= ROUNDS; round++)
    await put(150 * round, round < ROUNDS ? 'SIGKILL' : 'SIGTERM');
  const chain = join(dir, 'audit/service');
  const verdict = await verifyChain(chain, { keys: await openKeys(join(dir, 'keys.json')) });
  expect(verdict).toMatchObject({ fault: null, open: 0 });
  const entries = await entriesOf(chain);
  expect(entries.filter(({ type }) => type.startsWith('alert.'))).toEqual([]);
  const created = outcomesOf(entries, 'token.create');
  const destroyed = outcomesOf(entries, 'token.destroy');
  expect(created.length).toBeGreaterThan(200);
  expect(await redis.admin.keys('tw:v:*:r:*')).toHaveLength(created.length);
  expect(await redis.admin.keys('tw:v:*:s:*')).toHaveLength(created.length - destroyed.length);
  expect(await redis.admin.keys('tw:a:*')).toEqual([]);
  // Each once.
  expect(new Set(created).size).toBe(created.length);
  // Those that were under way at a kill and did not land.
  expect(entries.filter(({ outcome }) => outcome === 'unknown').length).toBeLessThanOrEqual(16);
}, 60_000);

/** Runs a process until it has put so many cards, and ends it. */
async function put(count: number, signal: NodeJS.Signals): Promise<void> {
  const script = ['--import', 'tsx', join('test', 'audit', 'putting-child.ts'), dir, redis.url];
  const child = spawn(process.execPath, script, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let puts = 0;
  for await (const _ of createInterface({ input: child.stdout })) if (++puts === count) child.kill(signal);
  await exited;
}

/** Which intents were done. */
function outcomesOf(entries: readonly AuditEntry[], wanted: AuditEntry['type']): number[] {
  return entries
    .filter(({ type, outcome }) => type === wanted && outcome === 'done')
    .map(({ intent }) => intent);
}
