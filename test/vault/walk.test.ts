import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { RedisClient } from '../../src/redis/redis-client.js';
import type { RedisNode, RedisServers } from '../../src/redis/redis.js';
import { walk } from '../../src/vault/walk.js';
import { END, WalkLedger } from '../../src/vault/walk-ledger.js';
import { ManualClock } from '../support/manual-clock.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';

let server: TestRedis;
let redis: RedisClient;
let ledger: WalkLedger;
beforeAll(async () => {
  server = await startTestRedis();
  redis = await server.client();
});
beforeEach(async () => {
  await server.admin.flushall();
  ledger = new WalkLedger(redis, 'a-walk');
});
afterAll(() => server.stop());

describe('the ledger of a walk', () => {
  it('lets one work at a time, for ten seconds from when it asked last', async () => {
    expect(await ledger.lease('one')).toBe(true);
    expect(await ledger.lease('two')).toBe(false);
    await server.admin.pexpire('tw:{a-walk}:lease', 100);
    expect(await ledger.lease('one')).toBe(true);
    const left = await server.admin.pttl('tw:{a-walk}:lease');
    expect([left > 5_000, left <= 10_000]).toEqual([true, true]);
    await ledger.release('two');
    expect(await ledger.lease('two')).toBe(false);
    await ledger.release('one');
    expect(await ledger.lease('two')).toBe(true);
  });

  it('notes how far each server is, and adds up what was counted', async () => {
    expect([await ledger.isUnderWay(), await ledger.cursor('run')]).toEqual([false, '0']);
    await ledger.advance('run', '17', { scanned: 3, failed: 1 });
    await ledger.advance('run', END, { scanned: 2, failed: 0 });
    await ledger.advance('other', '4', {});
    expect([await ledger.isUnderWay(), await ledger.cursor('run'), await ledger.cursor('other')]).toEqual([
      ...[true, 'end', '4'],
    ]);
    expect(ledger.state).toBe('tw:{a-walk}:state');
    expect(await server.admin.hgetall(ledger.state)).toEqual({ scanned: '5', failed: '1' });
    await ledger.endWalk();
    expect([await ledger.isUnderWay(), await ledger.cursor('run')]).toEqual([false, '0']);
    expect(await server.admin.hgetall(ledger.state)).toEqual({ scanned: '5', failed: '1' });
  });
});

describe('a walk', () => {
  const KEYS = Array.from({ length: 2_000 }, (_, n) => `tw:walked:${n}`);

  /** A clock by which each reading is so many ms later, and no rest is long. */
  class HastyClock extends ManualClock {
    readonly rests: number[] = [];
    readonly #step: number;

    constructor(step: number) {
      super();
      this.#step = step;
    }

    override monotonic(): number {
      this.advance(this.#step);
      return super.monotonic();
    }

    override after(ms: number, task: () => void): () => void {
      this.rests.push(ms);
      setImmediate(task);
      return () => {};
    }
  }

  async function walked(options: {
    step: number;
    goesOn?: (visits: number) => boolean;
    visited?: (visits: number) => Promise<unknown>;
    servers?: RedisServers;
  }) {
    const seen: string[] = [];
    const clock = new HastyClock(options.step);
    let visits = 0;
    const ended = await walk({
      redis: options.servers ?? redis,
      ledger,
      worker: 'one',
      clock,
      pattern: 'tw:walked:*',
      goesOn: () => options.goesOn?.(visits) ?? true,
      async visit(_server: RedisNode, keys: readonly string[]) {
        visits++;
        seen.push(...keys);
        await options.visited?.(visits);
        return { scanned: keys.length };
      },
    });
    return { ended, seen: new Set(seen).size, visits, rests: new Set(clock.rests) };
  }

  beforeEach(async () => {
    await server.admin.mset(KEYS.flatMap((key) => [key, '']));
    await ledger.lease('one');
  });

  it('sees every key, and notes its end', async () => {
    expect(await walked({ step: 1 })).toMatchObject({ ended: true, seen: 2_000 });
    expect(await server.admin.hget(ledger.state, 'scanned')).toBe('2000');
    expect(await server.admin.hvals('tw:{a-walk}:cursors')).toEqual(['end']);
  });

  it('rests for a quarter as long as each step took, and longer where Redis was slow', async () => {
    // A reading of the clock in front of a step, behind its scan, and behind its visit.
    expect((await walked({ step: 10 })).rests).toEqual(new Set([5]));
    await ledger.endWalk();
    expect((await walked({ step: 20 })).rests).toEqual(new Set([10 + 20]));
  });

  it('goes on where it was stopped', async () => {
    const first = await walked({ step: 1, goesOn: (visits) => visits < 3 });
    expect(first).toMatchObject({ ended: false, visits: 3 });
    const second = await walked({ step: 1 });
    expect(second.ended).toBe(true);
    expect(second.seen).toBeLessThan(2_000);
    expect(first.seen + second.seen).toBeGreaterThanOrEqual(2_000);
  });

  it('that another has taken over ends, within two seconds', async () => {
    const taken = async (visits: number) => {
      if (visits === 2) await server.admin.set('tw:{a-walk}:lease', 'two');
    };
    expect(await walked({ step: 2_001, visited: taken })).toMatchObject({ ended: false, visits: 2 });
  });

  it('keeps its lease for as long as it works', async () => {
    await server.admin.pexpire('tw:{a-walk}:lease', 60_000);
    await walked({ step: 2_001 });
    expect(await server.admin.pttl('tw:{a-walk}:lease')).toBeLessThanOrEqual(10_000);
  });

  it('asks for no lease while that is young', async () => {
    const taken = async (visits: number) => {
      if (visits === 1) await server.admin.set('tw:{a-walk}:lease', 'two');
    };
    expect((await walked({ step: 1, visited: taken })).ended).toBe(true);
  });

  it('walks all servers', async () => {
    const [node] = redis.masters();
    if (node === undefined) throw new RangeError('there is no server');
    let run = 0;
    const twice: RedisServers = {
      ready: true,
      watch: () => () => {},
      close: () => Promise.resolve(),
      command: (...args) => redis.command(...args),
      commandBuffer: (...args) => redis.commandBuffer(...args),
      run: (...args) => redis.run(...args),
      masters: () =>
        [1, 2].map(() => ({
          command: (name, ...args) =>
            name === 'INFO' ? Promise.resolve(`run_id:a${run++}\r\n`) : node.command(name, ...args),
        })),
    };
    expect(await walked({ step: 1, servers: twice })).toMatchObject({ ended: true, seen: 2_000 });
    expect(await server.admin.hgetall('tw:{a-walk}:cursors')).toEqual({ a0: 'end', a1: 'end' });
    expect(await server.admin.hget(ledger.state, 'scanned')).toBe('4000');
  });
});
