import type { CaptureView, FieldName, Outcome } from '../capture/view.js';
import type { ReceiptAddresses } from '../receipts/receipts.js';
import type { Consent, Purpose, Usage } from '../vault/vault.js';

/** The Call of `INTERFACE.md`. */
export interface CallView {
  id: string;
  status: 'ringing' | 'live' | 'ended';
  flow: string;
  started_at: string;
  ended_at: string | null;
  keys_before_capture: number;
  caller: LegView;
  agent: LegView | null;
  capture_id: string | null;
}

export interface LegView {
  call_sid: string;
  address: string;
}

export interface ArmRequest {
  /** Our id, or the carrier's SID of either leg. */
  call: string;
  outcome: Outcome;
  /** Null: the flow's for that outcome. */
  fields: readonly FieldName[] | null;
  amount: number | null;
  currency: string | null;
  reference: string | null;
  agent: string | null;
  purpose: Purpose;
  usage: Usage;
  consent: Consent | null;
  metadata: Readonly<Record<string, string>>;
  /** Where the payer gets receipts; null or left out: as the flow says. */
  receipt?: ReceiptAddresses | null;
}

export interface CaptureQuery {
  reference: string | null;
  /** RFC 3339. */
  since: string | null;
  cursor: string | null;
  limit: number;
}

/** What an agent's screen shows of one call, beyond the Capture. Changes move on the 160 ms grid. */
export interface DeskView {
  call: CallView;
  capture: CaptureView | null;
  /** A key went down within the last second and a half. */
  keying: boolean;
  /** The caller is asked what a co-badged card shall be charged as. */
  choosing: boolean;
  /** When the field in progress runs out of time, RFC 3339; null when nothing runs. */
  deadline: string | null;
  /** How often a field may be tried, as the flow says: the n of "attempt 1 of n". */
  attempts: number;
}

/**
 * The calls and captures of this service, for every door: API, console. Objects of another merchant don't exist.
 * Methods reject with AppError: `not_found`, `call_not_live`, `capture_in_progress`, `capture_over`, `bad_request`,
 * `no_provider`, `limit_reached`, `redis_unavailable`, `draining`.
 */
export interface Calls {
  list(merchant: string): Promise<CallView[]>;
  call(merchant: string, idOrSid: string): Promise<CallView>;
  arm(merchant: string, request: ArmRequest): Promise<CaptureView>;
  captures(
    merchant: string,
    query: CaptureQuery,
  ): Promise<{ captures: CaptureView[]; cursor: string | null }>;
  capture(merchant: string, id: string): Promise<CaptureView>;
  cancel(merchant: string, id: string): Promise<CaptureView>;
  extend(merchant: string, id: string): Promise<CaptureView>;
  clearField(merchant: string, id: string, field: FieldName): Promise<CaptureView>;
  /** Calls `listener` on every change of the capture until the returned function is called. Not with the present one. */
  watchCapture(merchant: string, id: string, listener: (capture: CaptureView) => void): () => void;
  /** The live calls of a merchant as an agent's screen shows them: now, and each again on every change. */
  watchDesk(merchant: string, listener: (desk: DeskView) => void): () => void;
}
