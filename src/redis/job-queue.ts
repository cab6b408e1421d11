import { setTimeout as sleep } from 'node:timers/promises';
import { Queue, Worker, type Job, type KeepJobs } from 'bullmq';
import { connectForQueue, type Connection } from './connection.js';
import { KEY_PREFIX } from './keys.js';
import type { RedisAddress } from './redis-address.js';

/** One slot of a cluster, under our prefix. */
const PREFIX = `${KEY_PREFIX}{q}`;

export interface JobWork<Data extends object> {
  /** One attempt; what it rejects with is kept with the job, and the job comes back. */
  attempt: (job: Job<Data>) => Promise<void>;
  /** At once. */
  concurrency: number;
  /** Milliseconds after the nth failed attempt, n from 1. */
  pause: (failed: number) => number;
  /** The last attempt has failed. */
  givenUp?: (job: Job<Data>) => void;
}

/** Jobs of one kind in BullMQ, tried again with pauses. Nothing secret goes this way. */
export class JobQueue<Data extends object> {
  readonly queue: Queue<Data, unknown, string, Data, unknown, string>;
  readonly #name: string;
  readonly #attempts: number;
  readonly #connection: Connection;
  #worker: Worker<Data> | null = null;

  constructor(name: string, attempts: number, address: RedisAddress) {
    this.#name = name;
    this.#attempts = attempts;
    this.#connection = connectForQueue(address);
    // What Redis must be is checked, and said, by the service itself.
    const checked = { skipVersionCheck: true };
    this.queue = new Queue(name, { connection: this.#connection, prefix: PREFIX, ...checked });
    // Redis's coming and going is told by the service's own client.
    this.queue.on('error', () => {});
  }

  /** Idempotent by `id` for as long as the job is there; `keep` says what stays of one that was given up. */
  async add(id: string, data: Data, keep: KeepJobs | true): Promise<void> {
    await this.queue.add(this.#name, data, {
      jobId: id,
      attempts: this.#attempts,
      backoff: { type: 'custom' },
      removeOnComplete: true,
      removeOnFail: keep,
      stackTraceLimit: 1,
    });
  }

  /** Begins to work. */
  start({ attempt, concurrency, pause, givenUp }: JobWork<Data>): void {
    this.#worker = new Worker<Data>(this.#name, attempt, {
      connection: this.#connection,
      prefix: PREFIX,
      concurrency,
      // A process that dies with an attempt under way is no fault of the job.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      settings: { backoffStrategy: pause },
    });
    this.#worker.on('error', () => {});
    this.#worker.on('failed', (job) => {
      if (job?.finishedOn !== undefined) givenUp?.(job);
    });
  }

  /** Waits so long at most for attempts under way, and for Redis. */
  async close(ms: number): Promise<void> {
    // BullMQ waits for the end of a connection, which ioredis doesn't tell of one that it was about to make again.
    const force = this.#connection.status !== 'ready';
    const closed = Promise.allSettled([this.#worker?.close(force), this.queue.close()]);
    const patience = new AbortController();
    await Promise.race([closed, sleep(ms, undefined, patience)]);
    patience.abort();
    this.#connection.disconnect();
  }
}
