import { beforeEach, describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../src/log.js';
import { Settling } from '../../src/vault/settling.js';
import { HandRedis } from '../support/hand-redis.js';
import { ManualClock } from '../support/manual-clock.js';

let redis: HandRedis;
let clock: ManualClock;
let warnings: string[];
let settling: Settling;
beforeEach(() => {
  redis = new HandRedis();
  clock = new ManualClock();
  warnings = [];
  const warn = (fields: object, message: string) =>
    void warnings.push(`${message} ${JSON.stringify(fields)}`);
  settling = new Settling(redis, clock, { ...silentLogger, warn });
});

/** What INFO says of a run of a server. */
const info = (run: string) => `# Server\r\nredis_version:7.0.15\r\nrun_id:${run}\r\n`;

/** Asks while this run of Redis answers. */
function unsettled(run: string): Promise<boolean> {
  redis.answers.push(info(run));
  return settling.unsettled();
}

describe('what Redis does not know', () => {
  it('is unknown while the same run of it answers', async () => {
    expect([await unsettled('a1'), await unsettled('a1')]).toEqual([false, false]);
    expect(redis.asked).toEqual([
      ['INFO', 'server'],
      ['INFO', 'server'],
    ]);
    expect(warnings).toEqual([]);
  });

  it('is unsettled for a minute from when another run answers', async () => {
    await unsettled('a1');
    clock.advance(10_000);
    expect(await unsettled('b2')).toBe(true);
    clock.advance(59_999);
    expect(await unsettled('b2')).toBe(true);
    clock.advance(1);
    expect(await unsettled('b2')).toBe(false);
    expect(warnings).toEqual([
      'other servers of redis answer now: unknown tokens are unsettled {"ms":60000}',
    ]);
  });

  it('is unsettled from when Redis came back, if it came back as another', async () => {
    await unsettled('a1');
    redis.answers.push(info('b2'));
    redis.become(false);
    redis.become(true);
    await new Promise(setImmediate);
    expect(warnings).toHaveLength(1);
    clock.advance(59_000);
    expect(await unsettled('b2')).toBe(true);
    clock.advance(1_000);
    expect(await unsettled('b2')).toBe(false);
  });

  it('can not be told while Redis is away', async () => {
    await unsettled('a1');
    await expect(settling.unsettled()).rejects.toMatchObject({ code: 'redis_unavailable' });
    redis.become(true);
    await new Promise(setImmediate);
    expect(await unsettled('a1')).toBe(false);
  });

  it('is not looked after once it is closed', () => {
    settling.close();
    expect(redis.listeners).toBe(0);
  });
});
