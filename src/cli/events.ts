import { DeliveryQueue } from '../crm/delivery-queue.js';
import type { LoggedEvent } from '../crm/event.js';
import { RedisEventLog } from '../crm/redis-event-log.js';
import { silentLogger } from '../log.js';
import { createMetrics } from '../metrics.js';
import type { Command, CommandIo } from './command.js';
import { withServiceRedis } from './service-redis.js';

const PAGE = 100;
const MAX_DEAD = 10_000;

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

function withEvents({ env }: CommandIo, work: (events: Events) => Promise<number>): Promise<number> {
  return withServiceRedis({ env }, async (redis, address) => {
    const log = new RedisEventLog(redis);
    const queue = new DeliveryQueue({ address, events: log, log: silentLogger, metrics: createMetrics() });
    try {
      return await work({ log, queue });
    } finally {
      await queue.close();
    }
  });
}
