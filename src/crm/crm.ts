import type { Clock } from '../clock.js';
import { codeOf } from '../errors.js';
import type { Logger } from '../log.js';
import type { Metrics } from '../metrics.js';
import type { RedisAddress } from '../redis/redis-address.js';
import type { Redis } from '../redis/redis.js';
import { DeliveryQueue } from './delivery-queue.js';
import type { CrmEvent, EventLog, Outbox } from './event.js';
import { RedisEventLog } from './redis-event-log.js';
import { RedisOutbox } from './redis-outbox.js';
import { Relay } from './relay.js';
import { Webhook } from './webhook.js';

export interface CrmOptions {
  redis: Redis;
  /** For BullMQ's own connections. */
  address: RedisAddress;
  /** Null: events are logged, and wait there for nobody. */
  webhook: { url: string; secrets: readonly string[] } | null;
  merchants: readonly string[];
  /** Told of every event at least once, before it leaves the outbox; a rejection asks for it again. */
  follow?: (event: CrmEvent) => Promise<void>;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
}

export interface Crm {
  readonly outbox: Outbox;
  readonly log: EventLog;
  start(): void;
  /** What was appended is written first, if Redis answers soon. */
  stop(): Promise<void>;
}

const COUNT_MS = 5_000;
const SETTLE_MS = 1_000;

/** The way of an event: outbox, relay, log, queue, webhook. */
export function createCrm(options: CrmOptions): Crm {
  const { redis, address, webhook, merchants, follow, clock, log, metrics } = options;
  const events = new RedisEventLog(redis);
  const queue = webhook === null ? null : new DeliveryQueue({ address, events, log, metrics });
  const relay = new Relay({
    ...{ redis, merchants, clock, log },
    async take(event) {
      await events.add(event);
      await queue?.add(event);
      await follow?.(event);
    },
  });
  const outbox = new RedisOutbox({ redis, relay, clock, log, metrics });
  let cancelCount = (): void => {};
  const count = (): void => {
    cancelCount = clock.after(COUNT_MS, count);
    queue
      ?.count()
      .catch((error: unknown) => log.debug({ code: codeOf(error) }, 'events could not be counted'));
  };

  return {
    outbox,
    log: events,
    start() {
      relay.start();
      if (webhook === null || queue === null) return;
      queue.start(new Webhook({ ...webhook, clock }));
      count();
    },
    async stop() {
      cancelCount();
      await outbox.settle(SETTLE_MS);
      // Closing the queue also frees a relay that waits for it.
      await Promise.all([relay.stop(), queue?.close()]);
    },
  };
}
