import { setTimeout as sleep } from 'node:timers/promises';
import { Queue, Worker, type Job } from 'bullmq';
import type { Logger } from '../log.js';
import type { Metrics } from '../metrics.js';
import { connectForQueue, type Connection } from '../redis/connection.js';
import { KEY_PREFIX } from '../redis/keys.js';
import type { RedisAddress } from '../redis/redis-address.js';
import type { CrmEvent } from './event.js';
import type { RedisEventLog } from './redis-event-log.js';
import type { Webhook } from './webhook.js';

export interface DeliveryQueueOptions {
  address: RedisAddress;
  events: RedisEventLog;
  log: Logger;
  metrics: Metrics;
}

/** All that the queue holds of an event; its id is the job's, and the rest is read from the log. */
interface Delivery {
  merchant: string;
}

export interface DeadEvent {
  id: string;
  merchant: string;
}

const NAME = 'deliveries';
/** One slot of a cluster, under our prefix. */
const PREFIX = `${KEY_PREFIX}{q}`;
const CONCURRENCY = 16;
const CLOSE_MS = 1_000;

/** Pauses before each further attempt, in seconds: first again within 5 s, the last after about a day. */
const PAUSES_S = [3, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 21_600, 36_000] as const;
/** Pauses differ by so much either way, so that a receiver that comes back is not hit by all at once. */
const JITTER = 0.2;

/** What was given up is kept for as long as the log has it, and no more of it than this. */
const DEAD = { age: 30 * 86_400, count: 100_000 };

/** Events on their way to the CRM, in BullMQ: retried with growing pauses, then set aside for an operator. */
export class DeliveryQueue {
  readonly #options: DeliveryQueueOptions;
  readonly #connection: Connection;
  readonly #queue: Queue<Delivery>;
  readonly #givingUp = new AbortController();
  #worker: Worker<Delivery> | null = null;

  constructor(options: DeliveryQueueOptions) {
    this.#options = options;
    this.#connection = connectForQueue(options.address);
    // What Redis must be is checked, and said, by the service itself.
    const checked = { skipVersionCheck: true };
    this.#queue = new Queue<Delivery>(NAME, { connection: this.#connection, prefix: PREFIX, ...checked });
    // Redis's coming and going is told by the service's own client.
    this.#queue.on('error', () => {});
  }

  /** Idempotent by the event's id for as long as it is on its way. */
  async add({ id, merchant }: Pick<CrmEvent, 'id' | 'merchant'>): Promise<void> {
    await this.#queue.add(
      'deliver',
      { merchant },
      {
        jobId: id,
        attempts: PAUSES_S.length + 1,
        backoff: { type: 'custom' },
        removeOnComplete: true,
        removeOnFail: DEAD,
        stackTraceLimit: 1,
      },
    );
  }

  /** Starts sending; `pause` is the time to wait after the nth failed attempt. */
  start(webhook: Webhook, pause: (failed: number) => number = pauseMs): void {
    this.#worker = new Worker<Delivery>(NAME, (job) => this.#deliver(job, webhook), {
      connection: this.#connection,
      prefix: PREFIX,
      concurrency: CONCURRENCY,
      // A process that dies with an attempt under way is no fault of the event.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      settings: { backoffStrategy: pause },
    });
    this.#worker.on('error', () => {});
    this.#worker.on('failed', (job) => {
      if (job?.id !== undefined && job.finishedOn !== undefined) void this.#giveUp(job.data.merchant, job.id);
    });
  }

  /** Oldest first. */
  async dead(limit: number): Promise<DeadEvent[]> {
    const jobs = await this.#queue.getFailed(0, limit - 1);
    return jobs.map((job) => ({ id: job.id ?? '', merchant: job.data.merchant }));
  }

  /** Sends an event again from its first attempt on, whatever became of it; false when the log no longer has it. */
  async resend(merchant: string, id: string): Promise<boolean> {
    if ((await this.#options.events.get(merchant, id)) === null) return false;
    await this.#options.events.mark(merchant, id, 'pending');
    const job = await this.#queue.getJob(id);
    if (job !== undefined && (await job.isFailed())) {
      await job.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true });
    } else {
      await this.add({ id, merchant });
    }
    return true;
  }

  /** Sets the gauges of what waits and what was given up. */
  async count(): Promise<void> {
    const { waiting = 0, delayed = 0, active = 0, failed = 0 } = await this.#queue.getJobCounts();
    this.#options.metrics.eventsWaiting.set(waiting + delayed + active);
    this.#options.metrics.eventsDead.set(failed);
  }

  /** Attempts under way are given up, to be made again after the next start. Never waits long for Redis. */
  async close(): Promise<void> {
    this.#givingUp.abort();
    const closed = Promise.allSettled([this.#worker?.close(), this.#queue.close()]);
    const patience = new AbortController();
    await Promise.race([closed, sleep(CLOSE_MS, undefined, patience)]).catch(() => {});
    patience.abort();
    this.#connection.disconnect();
    await this.#worker?.disconnect();
  }

  async #deliver(job: Job<Delivery>, webhook: Webhook): Promise<void> {
    const { events, log, metrics } = this.#options;
    const id = job.id ?? '';
    const event = await events.get(job.data.merchant, id);
    if (event === null || event.delivery === 'delivered') return;
    const attempt = await webhook.send(event, this.#givingUp.signal);
    metrics.eventsDelivered.inc({ outcome: attempt.outcome });
    const status = 'status' in attempt ? attempt.status : null;
    const fields = { event: id, event_type: event.type, attempt: job.attemptsMade + 1, status };
    if (attempt.outcome === 'delivered') {
      await events.mark(event.merchant, id, 'delivered');
      log.debug(fields, 'event delivered');
      return;
    }
    log.warn({ ...fields, reason: attempt.outcome }, 'event not delivered');
    // BullMQ keeps the message with the job.
    throw new Error(attempt.outcome);
  }

  async #giveUp(merchant: string, id: string): Promise<void> {
    const { events, log } = this.#options;
    log.error({ event: id, merchant }, 'event given up: npx tonewall events resend sends it again');
    await events.mark(merchant, id, 'failed').catch(() => {});
  }
}

/** The pause after the nth failed attempt, n from 1. */
export function pauseMs(failed: number): number {
  const seconds = PAUSES_S[Math.min(failed, PAUSES_S.length) - 1] ?? PAUSES_S[0];
  return Math.round(seconds * 1000 * (1 - JITTER + 2 * JITTER * Math.random()));
}
