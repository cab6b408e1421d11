import type { SlotAppend } from '../redis/keys.js';
import { AUDIT_EVENTS, type AuditType, type Outcome } from './audit-event.js';

/** What a change in Redis says of itself: which intent it was, and on what. */
export interface Settled {
  /** The number of the intent in the chain whose list it stands in. */
  intent: number;
  type: AuditType;
  outcome: Extract<Outcome, 'done' | 'withdrawn'>;
  resource: string;
}

const FORM =
  /^(?<intent>[1-9]\d{0,9}) (?<type>[a-z.]+) (?<outcome>done|withdrawn) (?<resource>[ !#-[\]-~]{0,200})$/;

export function settledText({ intent, type, outcome, resource }: Settled): string {
  return `${intent} ${type} ${outcome} ${resource}`;
}

/** Null for what no node has written. */
export function parseSettled(text: string): Settled | null {
  const { intent = '', type = '', outcome, resource = '' } = FORM.exec(text)?.groups ?? {};
  if (outcome === undefined || !Object.hasOwn(AUDIT_EVENTS, type)) return null;
  return {
    ...{ intent: Number(intent), type: type as AuditType },
    ...{ outcome: outcome as Settled['outcome'], resource },
  };
}

/** What is said when the change that `append` tells of was taken back. */
export function withdrawn({ key, value }: SlotAppend): SlotAppend {
  return { key, value: value.replace(' done ', ' withdrawn ') };
}
