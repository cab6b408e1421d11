import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from '../clock.js';
import type { Metrics } from '../metrics.js';
import { plainText, type AuditNote } from './audit-entry.js';
import type { AuditType, FactType, OperationType, Outcome } from './audit-event.js';
import type { AuditLog } from './audit-log.js';
import type { Audit, Ending, Visitor } from './audit.js';
import { FloodGate } from './flood-gate.js';

export interface AuditTrailOptions {
  log: AuditLog;
  clock: Clock;
  metrics: Metrics;
}

const SERVICE: Visitor = { actor: 'service', origin: 'here' };

/** Operations and facts as entries of a chain. */
export class AuditTrail implements Audit {
  readonly #options: AuditTrailOptions;
  readonly #visitors = new AsyncLocalStorage<Visitor>();
  readonly #refusals: FloodGate;

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
    work: () => Promise<T>,
    ended: (result: T) => Ending = () => ({}),
  ): Promise<T> {
    const { log, metrics } = this.#options;
    const note = this.#note(type, 'intent', resource);
    let intent;
    try {
      intent = await log.append(note);
    } catch (error) {
      metrics.auditRefused.inc();
      throw error;
    }
    metrics.auditEntries.inc({ type });
    try {
      const result = await work();
      const end = ended(result);
      this.#owe({
        ...note,
        ...{ outcome: end.outcome ?? 'done', intent },
        ...(end.resource === undefined ? {} : { resource: plainText(end.resource) }),
      });
      return result;
    } catch (error) {
      this.#owe({ ...note, outcome: 'failed', intent });
      throw error;
    }
  }

  fact(type: FactType, resource: string, outcome: Exclude<Outcome, 'intent' | 'unknown'> = 'done'): void {
    // Strangers can bring these about as often as they like.
    if (outcome !== 'done' && !this.#refusals.admits(type)) return;
    this.#owe({ ...this.#note(type, outcome, resource), intent: 0 });
  }

  #note(type: AuditType, outcome: Outcome, resource: string): AuditNote {
    return { ...this.visitor, type, outcome, resource: plainText(resource), intent: 0 };
  }

  #owe(note: AuditNote): void {
    this.#options.metrics.auditEntries.inc({ type: note.type });
    this.#options.log.owe(note);
  }
}
