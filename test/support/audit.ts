import type { Audit, Ending, Intent, Visitor } from '../../src/audit/audit.js';
import type { AuditType } from '../../src/audit/audit-event.js';
import { AppError } from '../../src/errors.js';
import { outcomesKey } from '../../src/redis/keys.js';

/** What was told to an audit trail: type, outcome, resource, actor. */
export type Told = readonly [type: AuditType, outcome: string, resource: string, actor: string];

/** An audit trail in memory, which can be shut. */
export class MemoryAudit implements Audit {
  readonly told: Told[] = [];
  visitor: Visitor = { actor: 'service', origin: 'here' };
  ready = true;

  async operation<T>(
    type: AuditType,
    resource: string,
    work: (intent: Intent) => Promise<T>,
    ended: (result: T) => Ending = () => ({}),
  ): Promise<T> {
    const { actor } = this.visitor;
    if (!this.ready) throw new AppError('vault_unavailable', 'the vault is not available; try again');
    this.told.push([type, 'intent', resource, actor]);
    try {
      const result = await work({
        done: (slot, changed) => ({ key: outcomesKey(slot, 'memory'), value: changed }),
      });
      const end = ended(result);
      this.told.push([type, end.outcome ?? 'done', end.resource ?? resource, actor]);
      return result;
    } catch (error) {
      this.told.push([type, 'failed', resource, actor]);
      throw error;
    }
  }

  fact(type: AuditType, resource: string, outcome = 'done'): void {
    this.told.push([type, outcome, resource, this.visitor.actor]);
  }

  /** For what is told at once: what `work` goes on with later is nobody's. */
  as<T>(visitor: Visitor, work: () => T): T {
    const before = this.visitor;
    this.visitor = visitor;
    try {
      return work();
    } finally {
      this.visitor = before;
    }
  }
}
