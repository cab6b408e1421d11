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

/** What can be done after a refusal: the same card again, another card, a payment page, or nothing. */
export const NEXT_STEPS = ['retry', 'other_card', 'link', 'stop'] as const;
export type NextStep = (typeof NEXT_STEPS)[number];

/** The Charge of `INTERFACE.md`. */
export interface ChargeView {
  id: string;
  status: 'approved' | 'declined' | 'unknown';
  token: string | null;
  /** Minor units. */
  amount: number;
  currency: string;
  reference: string | null;
  refunded: number;
  provider: string;
  provider_reference: string | null;
  decline: DeclineView | null;
  created_at: string;
}

/** Why it was refused, in words for each. */
export interface DeclineView {
  /** One of the neutral codes of `psp`. */
  code: string;
  for_agent: string;
  for_caller: string;
  next: NextStep;
}

/** How a payer is given a payment link. */
export const LINK_CHANNELS = ['sms', 'email', 'spoken'] as const;
export type LinkChannel = (typeof LINK_CHANNELS)[number];

/** `sent`: the message is out; `authenticated`: the payer's bank knows him. The last four are ends. */
export const LINK_STATUSES = [
  'created',
  'sent',
  'opened',
  'authenticated',
  'paid',
  'failed',
  'expired',
  'cancelled',
] as const;
export type LinkStatus = (typeof LINK_STATUSES)[number];

/** What is known of the message that carries a link. */
export const LINK_DELIVERIES = ['queued', 'sent', 'delivered', 'failed'] as const;

/** The way out of a capture: a page of the provider's on which the payer pays by himself. */
export interface LinkView {
  id: string;
  capture_id: string;
  status: LinkStatus;
  channel: LinkChannel;
  /** Masked; null when it is spoken. */
  to: string | null;
  delivery: (typeof LINK_DELIVERIES)[number] | null;
  /** Where the code can be typed. */
  address: string;
  /** `4F7K-92QX`: `address/code` is what was sent. */
  code: string;
  expires_at: string;
  created_at: string;
}

/** What is foreseen of a payment before a bank is asked; and why a link that the flow asks for was not sent. */
export const ADVICE_CODES = [
  'likely_refused_by_phone',
  'link_not_set_up',
  'link_no_number',
  'link_not_sent',
] as const;
export type AdviceCode = (typeof ADVICE_CODES)[number];

export interface AdviceView {
  code: AdviceCode;
  for_agent: string;
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
  purpose: 'single' | 'saved' | 'subscription' | 'dispute';
  usage: 'once' | 'many';
  metadata: Readonly<Record<string, string>>;
  token: string | null;
  fingerprint: string | null;
  card: CardView | null;
  /** The last one tried, approved or not. */
  charge: ChargeView | null;
  /** Why the provider said no the last time; null since it was asked again, and when it said yes. */
  decline: DeclineView | null;
  /** What the agent is to know, and to do himself; changes with the card. */
  advice: AdviceView | null;
  /** The last one sent. */
  link: LinkView | null;
  created_at: string;
  updated_at: string;
}
