import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { JobQueue } from '../../src/redis/job-queue.js';
import { parseRedisUrl } from '../../src/redis/redis-address.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis.stop());

const PATIENCE_MS = 100;
const newQueue = (name: string) => new JobQueue<Record<string, never>>(name, 2, parseRedisUrl(redis.url));

/** A queue that has begun with its one job, which takes as long as `work` does. */
async function atWork(name: string, work: Promise<void>): Promise<JobQueue<Record<string, never>>> {
  const jobs = newQueue(name);
  const begun = new Promise<void>((resolve) => {
    const attempt = (): Promise<void> => {
      resolve();
      return work;
    };
    jobs.start({ attempt, concurrency: 1, pause: () => 0 });
  });
  await jobs.add('a', {}, true);
  await begun;
  return jobs;
}

describe('closing a queue of jobs', () => {
  it('waits for an attempt under way, which is not made again then', async () => {
    const jobs = await atWork('short', sleep(50));
    await jobs.close(30_000);
    const later = newQueue('short');
    expect(await later.queue.getJobCounts('active', 'wait')).toEqual({ active: 0, wait: 0 });
    await later.close(PATIENCE_MS);
  });

  it('waits no longer than it is told to', async () => {
    let finish = (): void => {};
    const work = new Promise<void>((resolve) => void (finish = resolve));
    const jobs = await atWork('long', work);
    await jobs.close(PATIENCE_MS);
    const later = newQueue('long');
    expect(await later.queue.getJobCounts('active', 'wait')).toEqual({ active: 1, wait: 0 });
    finish();
    await later.close(PATIENCE_MS);
  });

  it('comes to an end while Redis is away', async () => {
    const queues = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => atWork(name, sleep(20))));
    redis.kill();
    await sleep(100);
    const closed = await Promise.allSettled(queues.map((jobs) => jobs.close(PATIENCE_MS)));
    expect(closed.map(({ status }) => status)).toEqual(queues.map(() => 'fulfilled'));
  }, 10_000);
});
