import { describe, expect, it } from '@jest/globals';
import { AppError } from '../../src/errors.js';
import { Persistence } from '../../src/vault/persistence.js';
import { HandRedis, redisAway } from '../support/hand-redis.js';
import { ManualClock } from '../support/manual-clock.js';

/** Work under way: it is answered with these, and then Redis is away. */
function world(ready: boolean, ...answers: unknown[]) {
  const [redis, clock] = [new HandRedis(), new ManualClock()];
  redis.ready = ready;
  let times = 0;
  const outcome = new Persistence(redis, clock, 4_000)
    .insist(() => {
      times++;
      const answer = answers.shift() ?? redisAway();
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    })
    .then(
      (value) => ({ value }),
      ({ code }: { code: string }) => ({ code }),
    );
  return { redis, clock, outcome, answers, times: () => times };
}

/** Lets promises settle. */
const settled = () => new Promise(setImmediate);

describe('persistence', () => {
  it('gives what work gave at once', async () => {
    const { outcome, redis, clock } = world(true, 'done');
    expect(await outcome).toEqual({ value: 'done' });
    expect([redis.listeners, clock.waiting]).toEqual([0, 0]);
  });

  it('tries again every 50 ms while Redis answers but refuses', async () => {
    const { outcome, answers, redis, clock, times } = world(true);
    await settled();
    for (const ms of [49, 1, 49, 1]) {
      clock.advance(ms);
      await settled();
    }
    expect(times()).toBe(3);
    answers.push('done');
    clock.advance(50);
    expect(await outcome).toEqual({ value: 'done' });
    expect([redis.listeners, clock.waiting]).toEqual([0, 0]);
  });

  it('waits for a Redis that is away, and tries once it is back', async () => {
    const { outcome, answers, redis, clock, times } = world(false);
    await settled();
    clock.advance(3_999);
    redis.become(false);
    await settled();
    expect(times()).toBe(1);
    answers.push('done');
    redis.become(true);
    expect(await outcome).toEqual({ value: 'done' });
    expect([redis.listeners, clock.waiting]).toEqual([0, 0]);
  });

  it.each([true, false])('gives up at the end of its patience (Redis ready: %j)', async (ready) => {
    const { outcome, redis, clock } = world(ready);
    for (let ms = 0; ms < 4_000; ms += 10) {
      await settled();
      clock.advance(10);
    }
    expect(await outcome).toEqual({ code: 'redis_unavailable' });
    expect([redis.listeners, clock.waiting]).toEqual([0, 0]);
  });

  it('tries nothing again that was refused for good', async () => {
    const { outcome, times } = world(true, new AppError('internal', 'Redis refused'));
    expect(await outcome).toEqual({ code: 'internal' });
    expect(times()).toBe(1);
  });
});
