import type { Clock } from '../clock.js';
import { codeOf } from '../errors.js';
import type { Logger } from '../log.js';
import { BUCKETS, outboxKey, slotTag } from '../redis/keys.js';
import type { Redis } from '../redis/redis.js';
import type { CrmEvent } from './event.js';

export interface RelayOptions {
  redis: Redis;
  /** Takes an event on its way; idempotent by its id. It leaves the outbox once this has resolved. */
  take: (event: CrmEvent) => Promise<void>;
  /** Those whose slots are looked through. */
  merchants: readonly string[];
  clock: Clock;
  log: Logger;
}

/** What was written without a nudge (by a node that died since) is found this late. */
const SWEEP_MS = 5_000;
/** Slots looked at between two turns of the event loop: live calls keep their pace. */
const SWEEP_STEP = 16;
const BATCH = 100;

/** Moves events from the outboxes on. First taken, then removed: a crash in between repeats, and loses nothing. */
export class Relay {
  readonly #options: RelayOptions;
  readonly #slots = new Set<string>();
  #moving: Promise<void> | null = null;
  #stopped = true;
  #cancelSweep: () => void = () => {};
  #unwatch: () => void = () => {};

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stopped = false;
    this.#unwatch = this.#options.redis.watch((ready) => {
      if (ready) this.#sweepSoon(0);
    });
    this.#sweepSoon(0);
  }

  /** Resolves when the slot in hand is done. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unwatch();
    this.#cancelSweep();
    await this.#moving;
  }

  nudge(merchant: string, bucket: number): void {
    this.#slots.add(slotTag(merchant, bucket));
    this.#kick();
  }

  #sweepSoon(ms: number): void {
    this.#cancelSweep();
    if (this.#stopped) return;
    this.#cancelSweep = this.#options.clock.after(ms, () => {
      this.#sweep().then(
        () => this.#sweepSoon(SWEEP_MS),
        () => this.#sweepSoon(SWEEP_MS),
      );
    });
  }

  async #sweep(): Promise<void> {
    const { merchants, redis } = this.#options;
    if (!redis.ready) return;
    for (const merchant of merchants) {
      for (let first = 0; first < BUCKETS; first += SWEEP_STEP) {
        const slots = Array.from({ length: SWEEP_STEP }, (_, i) => slotTag(merchant, first + i));
        const found = await Promise.all(slots.map((slot) => redis.command('EXISTS', outboxKey(slot))));
        slots.filter((_, i) => found[i] === 1).forEach((slot) => this.#slots.add(slot));
      }
    }
    this.#kick();
  }

  #kick(): void {
    if (this.#stopped || this.#moving !== null || this.#slots.size === 0) return;
    this.#moving = this.#moveAll().finally(() => {
      this.#moving = null;
    });
  }

  async #moveAll(): Promise<void> {
    for (const slot of this.#slots) {
      // Before the move: a nudge that comes meanwhile is not lost.
      this.#slots.delete(slot);
      try {
        await this.#move(outboxKey(slot));
      } catch (error) {
        // The next sweep finds it again.
        this.#options.log.warn({ code: codeOf(error) }, 'events wait in the outbox');
        return;
      }
      if (this.#stopped) return;
    }
  }

  async #move(key: string): Promise<void> {
    while (!this.#stopped) {
      const batch = await this.#options.redis.command('LRANGE', key, 0, BATCH - 1);
      if (!Array.isArray(batch) || batch.length === 0) return;
      const moved = await Promise.allSettled(batch.map((text) => this.#moveOne(key, String(text))));
      const failed = moved.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    }
  }

  async #moveOne(key: string, text: string): Promise<void> {
    const { redis, take, log } = this.#options;
    const event = parsed(text);
    if (event === null) log.error({}, 'an outbox held what is no event: removed');
    else await take(event);
    // By value: another node may have moved it too, and then the head is another event.
    await redis.command('LREM', key, 1, text);
  }
}

function parsed(text: string): CrmEvent | null {
  try {
    const event = JSON.parse(text) as Partial<CrmEvent> | null;
    return typeof event?.id === 'string' && typeof event.merchant === 'string' ? (event as CrmEvent) : null;
  } catch {
    return null;
  }
}
