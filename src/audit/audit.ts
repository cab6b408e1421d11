import type { SlotAppend } from '../redis/keys.js';
import type { FactType, OperationType, Outcome } from './audit-event.js';

/** Who does something, and from where. */
export interface Visitor {
  actor: string;
  origin: string;
}

/** What an operation came to; `resource` when that is known only now. */
export interface Ending {
  outcome?: Exclude<Outcome, 'intent' | 'unknown'>;
  resource?: string;
}

/** An operation whose intent is on disk. */
export interface Intent {
  /**
   * What the write that makes the change appends in its slot. That it was done is then told from there, also when this
   * process did not live to tell it.
   */
  done(slot: string, resource: string): SlotAppend;
}

/**
 * What the rooms above tell the audit trail. Texts may be anything: what can't stand in an entry is replaced. Tokens
 * and ids are given by `shortened`.
 */
export interface Audit {
  /**
   * Does `work` once its intent is on disk, and tells how it ended. Rejects with AppError `vault_unavailable`, without
   * doing it, when the intent can't be written; else with what `work` rejects with.
   */
  operation<T>(
    type: OperationType,
    resource: string,
    work: (intent: Intent) => Promise<T>,
    ended?: (result: T) => Ending,
  ): Promise<T>;
  /** Something that happened: it is written soon. */
  fact(type: FactType, resource: string, outcome?: Ending['outcome']): void;
  /** Runs `work`, whose operations and facts are this visitor's. */
  as<T>(visitor: Visitor, work: () => T): T;
  /** Whose operations and facts they are now. */
  readonly visitor: Visitor;
  /** Whether operations are possible. */
  readonly ready: boolean;
}
