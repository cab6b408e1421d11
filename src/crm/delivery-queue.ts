import type { Job } from 'bullmq';
import type { Logger } from '../log.js';
import type { Metrics } from '../metrics.js';
import { JobQueue } from '../redis/job-queue.js';
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
  readonly #jobs: JobQueue<Delivery>;
  readonly #givingUp = new AbortController();

  constructor(options: DeliveryQueueOptions) {
    this.#options = options;
    this.#jobs = new JobQueue(NAME, PAUSES_S.length + 1, options.address);
  }

  /** Idempotent by the event's id for as long as it is on its way. */
  add({ id, merchant }: Pick<CrmEvent, 'id' | 'merchant'>): Promise<void> {
    return this.#jobs.add(id, { merchant }, DEAD);
  }

  /** Starts sending; `pause` is the time to wait after the nth failed attempt. */
  start(webhook: Webhook, pause: (failed: number) => number = pauseMs): void {
    this.#jobs.start({
      attempt: (job) => this.#deliver(job, webhook),
      ...{ concurrency: CONCURRENCY, pause },
      givenUp: ({ id, data }) => {
        if (id !== undefined) void this.#giveUp(data.merchant, id);
      },
    });
  }

  /** Oldest first. */
  async dead(limit: number): Promise<DeadEvent[]> {
    const jobs = await this.#jobs.queue.getFailed(0, limit - 1);
    return jobs.map((job) => ({ id: job.id ?? '', merchant: job.data.merchant }));
  }

  /** Sends an event again from its first attempt on, whatever became of it; false when the log no longer has it. */
  async resend(merchant: string, id: string): Promise<boolean> {
    if ((await this.#options.events.get(merchant, id)) === null) return false;
    await this.#options.events.mark(merchant, id, 'pending');
    const job = await this.#jobs.queue.getJob(id);
    if (job !== undefined && (await job.isFailed())) {
      await job.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true });
    } else {
      await this.add({ id, merchant });
    }
    return true;
  }

  /** Sets the gauges of what waits and what was given up. */
  async count(): Promise<void> {
    const { waiting = 0, delayed = 0, active = 0, failed = 0 } = await this.#jobs.queue.getJobCounts();
    this.#options.metrics.eventsWaiting.set(waiting + delayed + active);
    this.#options.metrics.eventsDead.set(failed);
  }

  /** Attempts under way are given up, to be made again after the next start. Never waits long for Redis. */
  async close(): Promise<void> {
    this.#givingUp.abort();
    await this.#jobs.close(CLOSE_MS);
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
