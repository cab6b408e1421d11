import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../clock.js';
import { DeliveryQueue } from '../crm/delivery-queue.js';
import type { LoggedEvent } from '../crm/event.js';
import { RedisEventLog } from '../crm/redis-event-log.js';
import { AppError } from '../errors.js';
import { silentLogger } from '../log.js';
import { createMetrics } from '../metrics.js';
import { privateRedisUrlFile } from '../redis/private-redis.js';
import { parseRedisUrl } from '../redis/redis-address.js';
import { RedisClient } from '../redis/redis-client.js';
import type { Command, CommandIo } from './command.js';

const PAGE = 100;
const MAX_DEAD = 10_000;
const CONNECT_TIMEOUT_MS = 5_000;

const USAGE = 'usage: npx tonewall events [list | dead | resend ID | resend --all] [--merchant NAME]\n';

interface Events {
  log: RedisEventLog;
  queue: DeliveryQueue;
}

export const events: Command = {
  name: 'events',
  summary: 'shows the events for the CRM, and sends them again',
  help: `
${USAGE}
  list            the events of the last 30 days, oldest first (the default)
  dead            those that were given up after a day of attempts
  resend ID       sends one again, whatever became of it
  resend --all    sends again all that were given up
  --merchant NAME whose events (default: default)

Works on the Redis of REDIS_URL, or on the private one under DATA_DIR while the service runs. What is sent again is
delivered by the running service.`,
  async run(args, io) {
    const words = [...args];
    const option = words.indexOf('--merchant');
    const [, merchant = 'default'] = option < 0 ? [] : words.splice(option, 2);
    const [action = 'list', id, ...rest] = words;
    if (rest.length > 0 || (id !== undefined) !== (action === 'resend')) return misused(io);
    switch (action) {
      case 'list':
        return withEvents(io, ({ log }) => list(log, merchant, io));
      case 'dead':
        return withEvents(io, (open) => dead(open, io));
      case 'resend':
        return withEvents(io, (open) => resend(open, merchant, id ?? '', io));
      default:
        return misused(io);
    }
  },
};

async function list(log: RedisEventLog, merchant: string, { stdout }: CommandIo): Promise<number> {
  let cursor: string | null = null;
  do {
    const page = await log.list(merchant, { since: null, cursor, limit: PAGE });
    for (const event of page.events) stdout.write(line(event));
    cursor = page.cursor;
  } while (cursor !== null);
  return 0;
}

async function dead({ log, queue }: Events, { stdout }: CommandIo): Promise<number> {
  for (const { merchant, id } of await queue.dead(MAX_DEAD)) {
    const event = await log.get(merchant, id);
    if (event !== null) stdout.write(line(event));
  }
  return 0;
}

async function resend({ queue }: Events, merchant: string, id: string, { stdout, stderr }: CommandIo) {
  const chosen = id === '--all' ? await queue.dead(MAX_DEAD) : [{ merchant, id }];
  let sent = 0;
  for (const event of chosen) if (await queue.resend(event.merchant, event.id)) sent++;
  if (sent === 0 && id !== '--all') {
    stderr.write('no such event: it may be older than 30 days, or another merchant’s (--merchant NAME)\n');
    return 1;
  }
  stdout.write(`${sent} to be sent again\n`);
  return 0;
}

function line({ timestamp, merchant, delivery, id, type }: LoggedEvent): string {
  return `${timestamp}  ${delivery.padEnd(9)}  ${id}  ${type.padEnd(17)}  ${merchant}\n`;
}

function misused({ stderr }: CommandIo): number {
  stderr.write(USAGE);
  return 2;
}

/** Opens Redis as the settings say, and closes it whatever `work` does. */
async function withEvents({ env }: CommandIo, work: (events: Events) => Promise<number>): Promise<number> {
  const address = parseRedisUrl(env['REDIS_URL'] ?? (await privateUrl(env['DATA_DIR'] ?? './data')));
  const shared = { log: silentLogger, metrics: createMetrics() };
  const redis = new RedisClient({ address, clock: systemClock, ...shared });
  try {
    await answers(redis);
    const log = new RedisEventLog(redis);
    const queue = new DeliveryQueue({ address, events: log, ...shared });
    try {
      return await work({ log, queue });
    } finally {
      await queue.close();
    }
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
