import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AuditLog } from '../../src/audit/audit-log.js';
import { CrossedHeads, leftHeads, MAX_CHAINS } from '../../src/audit/crossed-heads.js';
import { headText } from '../../src/audit/segment.js';
import { silentLogger } from '../../src/log.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import { ManualClock } from '../support/manual-clock.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';
import { entriesOf, newFolder, note, openLog } from './chains.js';

let server: TestRedis;
let redis: RedisClient;
let dir: string;
beforeAll(async () => {
  server = await startTestRedis();
  redis = await server.client();
});
beforeEach(async () => {
  await server.admin.flushall();
  dir = await newFolder();
});
afterEach(() => rm(dir, { recursive: true }));
afterAll(() => server.stop());

describe('A44: crossed heads', () => {
  it('are left in Redis, and written into the chains of the others', async () => {
    const [a, b] = [await openLog(join(dir, 'a')), await openLog(join(dir, 'b'))];
    const head = a.head;
    await cross(a);
    await cross(b);
    expect(await leftHeads(redis)).toEqual(
      expect.arrayContaining([{ chain: a.chain, ...head, time: '2026-01-01T00:00:00.000Z' }]),
    );
    for (const log of [a, b]) await log.close();
    const crossed = (await entriesOf(join(dir, 'b'))).filter(({ type }) => type === 'log.crossed');
    expect(crossed).toMatchObject([{ origin: 'redis', resource: `${a.chain} ${headText(head)}` }]);
    expect((await entriesOf(join(dir, 'a'))).filter(({ type }) => type === 'log.crossed')).toEqual([]);
  });

  it('cross each minute, and a chain that stands still is written once', async () => {
    const [a, b] = [await openLog(join(dir, 'a')), await openLog(join(dir, 'b'))];
    await cross(a);
    const clock = new ManualClock();
    const heads = new CrossedHeads({ log: b, redis, clock, logger: silentLogger });
    for (let minute = 0; minute < 3; minute++) {
      heads.start();
      while (clock.waiting === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await heads.stop();
    for (const log of [a, b]) await log.close();
    const crossed = (await entriesOf(join(dir, 'b'))).filter(({ type }) => type === 'log.crossed');
    expect(crossed).toHaveLength(1);
  });

  it('stop a node whose chain is an older copy of itself', async () => {
    const log = await openLog(join(dir, 'a'));
    await log.append(note('a'));
    await cp(join(dir, 'a'), join(dir, 'copy'), { recursive: true });
    for (let i = 0; i < 5; i++) await log.append(note(`later ${i}`));
    await cross(log);
    await log.close();
    const old = await openLog(join(dir, 'copy'));
    expect(old.ready).toBe(true);
    await cross(old);
    expect(old.ready).toBe(false);
    await expect(old.append(note('b'))).rejects.toMatchObject({ code: 'vault_unavailable' });
    await old.close();
  });

  it('take no more chains than are kept', async () => {
    const left = `0000000001 ${'0'.repeat(64)} 2026-01-01T00:00:00.000Z`;
    const names = Array.from({ length: MAX_CHAINS }, (_, i) => [`c${i}`, left]);
    await server.admin.hset('tw:audit-heads', Object.fromEntries(names) as Record<string, string>);
    const log = await openLog(join(dir, 'a'));
    await cross(log);
    expect(await server.admin.hlen('tw:audit-heads')).toBe(MAX_CHAINS);
    await log.close();
  });
});

async function cross(log: AuditLog): Promise<void> {
  const heads = new CrossedHeads({ log, redis, clock: new ManualClock(), logger: silentLogger });
  heads.start();
  await heads.stop();
}
