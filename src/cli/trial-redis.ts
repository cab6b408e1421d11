import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../clock.js';
import { AppError, codeOf } from '../errors.js';
import { silentLogger } from '../log.js';
import { createMetrics } from '../metrics.js';
import { startPrivateRedis } from '../redis/private-redis.js';
import { parseRedisUrl } from '../redis/redis-address.js';
import { RedisClient } from '../redis/redis-client.js';
import { findRedisServer } from '../redis/redis-server.js';
import { countByVersion } from '../vault/sealed-rows.js';
import { pinnedKeys } from '../vault/key-pins.js';
import type { CommandIo } from './command.js';

/** What a Redis found in the files that it was given. */
export interface Found {
  /** Sealed cards by the key that seals them. */
  cards: Record<string, number>;
  /** Check values of the keys that it knows, by id. */
  keys: Record<string, string>;
}

const POLL_MS = 50;
/** Not a command of the service: its user may not send it. */
const REWRITE = 'BGREWRITEAOF';

/**
 * Has a Redis of its own load the append-only files under `dir`, looks round, and ends it. With `compact` it writes
 * them anew first, without what was deleted or shredded since they were begun. Throws AppError `config_invalid` when
 * they can't be loaded.
 */
export async function tryRedis(dir: string, io: CommandIo, compact: boolean): Promise<Found> {
  const password = randomBytes(16).toString('hex');
  const server = findRedisServer({
    configured: io.env['REDIS_SERVER'],
    path: io.env['PATH'] ?? '',
    root: join(dirname(fileURLToPath(import.meta.url)), '../..'),
  });
  // Only for as long as this command runs.
  const conf = [`user operator on >${password} ~* &* +@all`];
  const started = await startPrivateRedis({ dir, server, log: silentLogger, conf }).catch(
    (error: unknown) => {
      const why = error instanceof AppError ? error.message : codeOf(error);
      throw new AppError(
        'config_invalid',
        `the copy does not load, it is damaged or of a newer Redis: ${why}`,
      );
    },
  );
  const address = { ...parseRedisUrl(started.url), username: 'operator', password };
  const redis = new RedisClient({ address, clock: systemClock, log: silentLogger, metrics: createMetrics() });
  try {
    while (!redis.ready) await sleep(POLL_MS);
    if (compact) await rewrite(redis);
    return {
      cards: Object.fromEntries(await countByVersion(redis, () => {})),
      keys: await pinnedKeys(redis),
    };
  } finally {
    await redis.close();
    await started.stop();
  }
}

async function rewrite(redis: RedisClient): Promise<void> {
  await redis.command(REWRITE);
  for (;;) {
    const state = String(await redis.command('INFO', 'persistence'));
    if (/aof_rewrite_in_progress:0/.test(state) && /aof_rewrite_scheduled:0/.test(state)) {
      if (/aof_last_bgrewrite_status:ok/.test(state)) return;
      throw new AppError('config_invalid', 'the copy could not be written anew: is the disk full?');
    }
    await sleep(POLL_MS);
  }
}
