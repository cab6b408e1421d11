import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../clock.js';
import { AppError } from '../errors.js';
import { silentLogger } from '../log.js';
import { createMetrics } from '../metrics.js';
import { privateRedisUrlFile } from '../redis/private-redis.js';
import { parseRedisUrl, type RedisAddress } from '../redis/redis-address.js';
import { RedisClient } from '../redis/redis-client.js';
import type { CommandIo } from './command.js';

const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Opens the Redis of REDIS_URL, or the private one under DATA_DIR while the service runs, and closes it whatever `work`
 * does. Rejects with AppError when there is none, or it does not answer.
 */
export async function withServiceRedis<T>(
  { env }: Pick<CommandIo, 'env'>,
  work: (redis: RedisClient, address: RedisAddress) => Promise<T>,
): Promise<T> {
  const address = parseRedisUrl(env['REDIS_URL'] || (await privateUrl(env['DATA_DIR'] || './data')));
  const redis = new RedisClient({ address, clock: systemClock, log: silentLogger, metrics: createMetrics() });
  try {
    await answers(redis);
    return await work(redis, address);
  } finally {
    await redis.close();
  }
}

async function privateUrl(dataDir: string): Promise<string> {
  try {
    return await readFile(privateRedisUrlFile(join(dataDir, 'redis')), 'utf8');
  } catch {
    throw new AppError(
      'config_invalid',
      'no Redis: set REDIS_URL, or start the service whose DATA_DIR this is (default ./data)',
    );
  }
}

async function answers(redis: RedisClient): Promise<void> {
  const patience = new AbortController();
  const ready = new Promise<void>((resolve) => {
    redis.watch((now) => {
      if (now) resolve();
    });
  });
  await Promise.race([ready, sleep(CONNECT_TIMEOUT_MS, undefined, patience)]);
  patience.abort();
  if (!redis.ready) {
    throw new AppError(
      'redis_unavailable',
      'Redis does not answer: is REDIS_URL right, and the user and password?',
    );
  }
}
