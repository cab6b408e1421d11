import type { CallRecord, CaptureRecord } from './events.js';
import type { CaptureQuery } from './calls.js';
import type { SlotWrite } from '../redis/keys.js';
import type { Consent } from '../vault/vault.js';

/** A node that has not beaten for so long is dead. */
export const NODE_TTL_SECONDS = 12;

/**
 * Where calls and captures are kept for those who ask later: 13 months, without a digit in them. All methods reject
 * with AppError `redis_unavailable` when Redis is away.
 */
export interface Records {
  /** What makes a record true; it joins the atomic write of the event that tells of it. */
  writeOf(record: CallRecord | CaptureRecord): SlotWrite;
  /** Writes a live call down as it is now, findable by its id and the SIDs of its legs, this node answerable for it. */
  keepCall(record: CallRecord): Promise<void>;
  /** Makes a capture findable, and this node answerable for it. Comes before the record itself. */
  openCapture(record: CaptureRecord): Promise<void>;
  /** What is written with a capture so that the payer's leave to keep his card is known after its process. */
  consentWrites(merchant: string, captureId: string, consent: Consent | null): SlotWrite[];
  consent(merchant: string, captureId: string): Promise<Consent | null>;
  /** This node is no longer answerable for this call or capture. */
  close(merchant: string, id: string): Promise<void>;

  call(merchant: string, idOrSid: string): Promise<CallRecord | null>;
  recentCalls(merchant: string, limit: number): Promise<CallRecord[]>;
  capture(merchant: string, id: string): Promise<CaptureRecord | null>;
  /**
   * Changes a capture that nobody answers for any more, or that whoever does leaves to this, by `step`, which is asked
   * again when somebody else was faster; with null it is left as it is. Resolves with what it is then, null when there
   * is none.
   */
  changeCapture(merchant: string, id: string, step: CaptureStep): Promise<CaptureRecord | null>;
  captures(
    merchant: string,
    query: CaptureQuery,
  ): Promise<{ captures: CaptureRecord[]; cursor: string | null }>;

  /** Says that this node lives, for `NODE_TTL_SECONDS`. */
  beat(): Promise<void>;
  /** What nodes left behind that no longer beat: ended by `Recovery`, then forgotten with `buried`. */
  orphans(): Promise<Orphan[]>;
  buried(orphan: Orphan): Promise<void>;
}

/** What becomes of a capture, with events (JSON of `CrmEvent`s) and other writes of its slot; null leaves it. */
export type CaptureStep = (now: CaptureRecord) => CaptureChange | null;

export interface CaptureChange {
  record: CaptureRecord;
  events?: readonly string[];
  writes?: readonly SlotWrite[];
}

export interface Orphan {
  node: string;
  merchant: string;
  /** `call_…` or `cap_…`. */
  id: string;
}
