import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from '../clock.js';
import type { Metrics } from '../metrics.js';
import { outcomesKey } from '../redis/keys.js';
import { plainText, type AuditNote } from './audit-entry.js';
import type { AuditType, FactType, OperationType, Outcome } from './audit-event.js';
import type { AuditLog } from './audit-log.js';
import type { Audit, Ending, Intent, Visitor } from './audit.js';
import { FloodGate } from './flood-gate.js';
import { settledText } from './settled.js';

export interface AuditTrailOptions {
  log: AuditLog;
  clock: Clock;
  metrics: Metrics;
}

const SERVICE: Visitor = { actor: 'service', origin: 'here' };
/** Intents whose outcome is to come out of Redis, kept in mind; those beyond are looked up in the chain. */
const MAX_AWAITED = 100_000;

/** Operations and facts as entries of a chain. */
export class AuditTrail implements Audit {
  /** Slots in which a change of this node may say that it was made. */
  readonly slots = new Set<string>();
  readonly #options: AuditTrailOptions;
  readonly #visitors = new AsyncLocalStorage<Visitor>();
  readonly #refusals: FloodGate;
  readonly #awaited = new Map<number, AuditNote>();

  constructor(options: AuditTrailOptions) {
    this.#options = options;
    this.#refusals = new FloodGate(options.clock, (type, count) => {
      this.#owe({ ...SERVICE, type, outcome: 'refused', resource: `${count} more of them`, intent: 0 });
    });
  }

  get ready(): boolean {
    return this.#options.log.ready;
  }

  get visitor(): Visitor {
    return this.#visitors.getStore() ?? SERVICE;
  }

  as<T>({ actor, origin }: Visitor, work: () => T): T {
    return this.#visitors.run({ actor: plainText(actor), origin: plainText(origin) }, work);
  }

  async operation<T>(
    type: OperationType,
    resource: string,
    work: (intent: Intent) => Promise<T>,
    ended: (result: T) => Ending = () => ({}),
  ): Promise<T> {
    const { log, metrics } = this.#options;
    const note = this.#note(type, 'intent', resource);
    let intent: number;
    try {
      intent = await log.append(note);
    } catch (error) {
      metrics.auditRefused.inc();
      throw error;
    }
    metrics.auditEntries.inc({ type });
    const slots: string[] = [];
    try {
      const result = await work({
        done: (slot, changed) => {
          slots.push(slot);
          this.#await(intent, note);
          const settled = { intent, type, outcome: 'done' as const, resource: plainText(changed) };
          return { key: outcomesKey(slot, log.chain), value: settledText(settled) };
        },
      });
      const { outcome = 'done', resource: named } = ended(result);
      // What was done in Redis says so itself.
      if (slots.length === 0 || outcome !== 'done') {
        this.#awaited.delete(intent);
        this.#owe({
          ...note,
          ...{ outcome, intent },
          ...(named === undefined ? {} : { resource: plainText(named) }),
        });
      }
      return result;
    } catch (error) {
      this.#awaited.delete(intent);
      this.#owe({ ...note, outcome: 'failed', intent });
      throw error;
    } finally {
      for (const slot of slots) this.slots.add(slot);
    }
  }

  fact(type: FactType, resource: string, outcome: Exclude<Outcome, 'intent' | 'unknown'> = 'done'): void {
    // Strangers can bring these about as often as they like.
    if (outcome !== 'done' && !this.#refusals.admits(type)) return;
    this.#owe({ ...this.#note(type, outcome, resource), intent: 0 });
  }

  /** Resolves when they are on disk. Rejects with AppError `vault_unavailable` when the disk takes nothing. */
  async write(notes: readonly AuditNote[]): Promise<void> {
    await Promise.all(notes.map((note) => this.#options.log.append(note)));
    for (const { type } of notes) this.#options.metrics.auditEntries.inc({ type });
  }

  /** The intent that an outcome is awaited of, once. Null: the chain knows. */
  awaited(intent: number): AuditNote | null {
    const { unfinished } = this.#options.log;
    const note = this.#awaited.get(intent) ?? unfinished.get(intent) ?? null;
    this.#awaited.delete(intent);
    unfinished.delete(intent);
    return note;
  }

  /** Of what a process died with and nothing shows that it was done, nobody knows. */
  giveUp(): void {
    const { unfinished } = this.#options.log;
    for (const { actor, type, origin, resource, seq } of unfinished.values()) {
      this.#owe({ actor, type, origin, resource, outcome: 'unknown', intent: seq });
    }
    unfinished.clear();
  }

  #await(intent: number, note: AuditNote): void {
    const [oldest] = this.#awaited.keys();
    if (this.#awaited.size >= MAX_AWAITED && oldest !== undefined) this.#awaited.delete(oldest);
    this.#awaited.set(intent, note);
  }

  #note(type: AuditType, outcome: Outcome, resource: string): AuditNote {
    return { ...this.visitor, type, outcome, resource: plainText(resource), intent: 0 };
  }

  #owe(note: AuditNote): void {
    this.#options.metrics.auditEntries.inc({ type: note.type });
    this.#options.log.owe(note);
  }
}
