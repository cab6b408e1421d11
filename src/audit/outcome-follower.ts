import type { Clock } from '../clock.js';
import { codeOf } from '../errors.js';
import type { Logger } from '../log.js';
import { BUCKETS, outcomesKey, slotTag } from '../redis/keys.js';
import type { Redis } from '../redis/redis.js';
import type { Alerts } from './alert.js';
import { plainText, type AuditNote } from './audit-entry.js';
import type { AuditLog } from './audit-log.js';
import type { AuditTrail } from './audit-trail.js';
import { pastIntents } from './past-intents.js';
import { parseSettled, type Settled } from './settled.js';

export interface OutcomeFollowerOptions {
  audit: AuditTrail;
  log: AuditLog;
  redis: Redis;
  /** Those whose slots are looked through. */
  merchants: readonly string[];
  alerts: Alerts;
  clock: Clock;
  logger: Logger;
}

const FOLLOW_MS = 1_000;
/** A change that was told of while nobody listened is found this late. */
const SWEEP_MS = 60_000;
/** Slots read between two turns of the event loop: live calls keep their pace. */
const STEP = 32;
/** Of one slot at a time. */
const BATCH = 100;

/**
 * Writes into a node's chain what its changes in Redis say of themselves: each is the outcome of an intent there. First
 * on disk, then removed: a crash in between repeats, and what is there already is not written twice. A change that no
 * intent announced is an alert.
 */
export class OutcomeFollower {
  readonly #options: OutcomeFollowerOptions;
  #following: Promise<void> = Promise.resolve();
  #cancel: () => void = () => {};
  #unwatch: () => void = () => {};
  #sweepAt = 0;
  #stopped = false;

  constructor(options: OutcomeFollowerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#unwatch = this.#options.redis.watch(() => {
      this.#sweepAt = 0;
    });
    this.#soon();
  }

  /** Writes what is there by now. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    this.#unwatch();
    await this.#following;
    await this.#follow();
  }

  #soon(): void {
    if (this.#stopped) return;
    this.#cancel = this.#options.clock.after(FOLLOW_MS, () => {
      this.#following = this.#follow().then(() => this.#soon());
    });
  }

  async #follow(): Promise<void> {
    const { audit, clock, log, logger, merchants, redis } = this.#options;
    if (!redis.ready || !log.ready) return;
    const sweep = clock.monotonic() >= this.#sweepAt;
    const slots = sweep ? allSlots(merchants) : [...audit.slots];
    audit.slots.clear();
    try {
      for (let at = 0; at < slots.length; at += STEP) {
        await this.#fold(slots.slice(at, at + STEP));
      }
      if (!sweep) return;
      audit.giveUp();
      this.#sweepAt = clock.monotonic() + SWEEP_MS;
    } catch (error) {
      this.#sweepAt = 0;
      logger.warn({ code: codeOf(error) }, 'outcomes wait in redis for the audit trail');
    }
  }

  async #fold(slots: readonly string[]): Promise<void> {
    const { audit, log, redis } = this.#options;
    for (let keys = slots.map((slot) => outcomesKey(slot, log.chain)); keys.length > 0;) {
      const lists = await Promise.all(
        keys.map(async (key) => {
          const texts = await redis.command('LRANGE', key, 0, BATCH - 1);
          return { key, texts: Array.isArray(texts) ? texts.map(String) : [] };
        }),
      );
      const told = lists.filter(({ texts }) => texts.length > 0);
      await audit.write(await this.#notesOf(told.flatMap(({ texts }) => texts)));
      // Nobody but this node takes anything away.
      await Promise.all(told.map(({ key, texts }) => redis.command('LTRIM', key, texts.length, -1)));
      keys = told.filter(({ texts }) => texts.length === BATCH).map(({ key }) => key);
    }
  }

  async #notesOf(texts: readonly string[]): Promise<AuditNote[]> {
    const { audit, log, alerts } = this.#options;
    const told = texts.map((text) => ({ text, settled: parseSettled(text) }));
    const known = told.map(({ settled }) => (settled === null ? null : audit.awaited(settled.intent)));
    const others = told.flatMap(({ settled }, at) => (settled === null || known[at] ? [] : [settled.intent]));
    const past = others.length === 0 ? null : await pastIntents(log.dir, new Set(others));
    const unexplained: string[] = [];
    const notes = told.flatMap(({ text, settled }, at) => {
      const before = settled && past?.get(settled.intent);
      const intent = known[at] ?? before?.entry;
      if (settled === null || intent?.type !== settled.type) unexplained.push(text);
      else if (!before?.outcomes.has(settled.outcome)) return [outcomeOf(intent, settled)];
      return [];
    });
    const [first] = unexplained;
    if (first !== undefined) alerts.raise('unexplained', `such as ${plainText(first)}`, unexplained.length);
    return notes;
  }
}

function outcomeOf({ actor, origin }: AuditNote, { type, outcome, resource, intent }: Settled): AuditNote {
  return { actor, type, outcome, origin, resource, intent };
}

function allSlots(merchants: readonly string[]): string[] {
  return merchants.flatMap((merchant) =>
    Array.from({ length: BUCKETS }, (_, bucket) => slotTag(merchant, bucket)),
  );
}
