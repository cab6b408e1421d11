import type { CardView } from '../card/card.js';
import type { Masked } from '../card/mask.js';

export const FIELD_NAMES = [
  'payment-card-number',
  'expiration-date',
  'security-code',
  'postal-code',
] as const;
export type FieldName = (typeof FIELD_NAMES)[number];

export const OUTCOMES = ['token', 'verify', 'charge'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export type FieldError =
  | 'timeout'
  | 'invalid-card-number'
  | 'invalid-card-type'
  | 'invalid-date'
  | 'invalid-security-code'
  | 'invalid-postal-code';

export type CaptureStatus = 'collecting' | 'processing' | 'completed' | 'failed' | 'cancelled';

export const REASONS = [
  'caller_hung_up',
  'agent_hung_up',
  'attempts_used_up',
  'vault_unavailable',
  'service_restarted',
  'guard_alarm',
  'verification_failed',
  'charge_declined',
  'charge_unknown',
  'cancelled_by_agent',
  'cancelled_by_caller',
] as const;
export type Reason = (typeof REASONS)[number];

/** What may be shown of a field in progress: nothing here can hold a digit but `masked`, made by `card/mask`. */
export interface FieldView {
  name: FieldName;
  status: 'pending' | 'collecting' | 'accepted';
  digits_entered: number;
  masked: Masked;
  attempt: number;
  error: FieldError | null;
}

/** The part of a Capture that the machine knows. */
export interface ProgressView {
  status: CaptureStatus;
  reason: Reason | null;
  current_field: FieldName | null;
  fields: FieldView[];
}

/** The Capture of `INTERFACE.md`, as it goes to the API, the console and (in part) the CRM. */
export interface CaptureView extends ProgressView {
  id: string;
  call_id: string;
  call_sid: string;
  outcome: Outcome;
  reference: string | null;
  amount: number | null;
  currency: string | null;
  agent: string | null;
  purpose: 'single' | 'saved' | 'subscription';
  metadata: Readonly<Record<string, string>>;
  token: string | null;
  fingerprint: string | null;
  card: CardView | null;
  charge: null;
  created_at: string;
  updated_at: string;
}
