import { expect, it } from '@jest/globals';
import { waitOf } from '../../src/redis/durability-level.js';
import type { Script } from '../../src/redis/redis.js';
import { DurableWrites } from '../../src/vault/durable-writes.js';
import { Persistence } from '../../src/vault/persistence.js';
import { HandRedis } from '../support/hand-redis.js';
import { ManualClock } from '../support/manual-clock.js';

const WRITE: Script = { name: 'write', lua: 'return 1' };

function writes(level: 'local' | 'replica') {
  const [redis, clock] = [new HandRedis(), new ManualClock()];
  const persistence = new Persistence(redis, clock, 100);
  return { redis, clock, writes: new DurableWrites(redis, persistence, level) };
}

it('a write that is durable where it is made waits for nobody', async () => {
  const { redis, writes: local } = writes('local');
  redis.answers.push('kept');
  expect(await local.run(WRITE, ['k'], ['a'])).toBe('kept');
  expect(redis.asked).toEqual([['write', ['k'], ['a']]]);
  expect(local.level).toBe('local');
});

it('a write that replicas are to have is made again until they do, and gives what it said first', async () => {
  const { redis, clock, writes: replicated } = writes('replica');
  redis.answers.push({ reply: 1, waited: 0 }, { reply: 0, waited: 1 });
  const outcome = replicated.run(WRITE, ['k'], ['a']);
  await new Promise(setImmediate);
  clock.advance(50);
  expect(await outcome).toBe(1);
  expect(redis.asked).toEqual(Array(2).fill(['write', ['k'], ['a'], waitOf('replica')]));
});

it('a write that no replica has in time is none, though it may be there', async () => {
  const { redis, clock, writes: replicated } = writes('replica');
  redis.answers.push({ reply: 1, waited: 0 }, { reply: 1, waited: 0 }, { reply: 1, waited: 0 });
  const outcome = replicated.run(WRITE, ['k'], []);
  const refused = expect(outcome).rejects.toMatchObject({
    code: 'redis_unavailable',
    message: 'no replica has the write in time (replica); try again',
  });
  for (let n = 0; n < 2; n++) {
    await new Promise(setImmediate);
    clock.advance(50);
  }
  await refused;
});
