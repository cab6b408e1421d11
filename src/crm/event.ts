import type { SlotWrite } from '../redis/keys.js';

/** What the CRM is told. `id` becomes the `webhook-id`; the rest of the envelope is the body. */
export interface CrmEvent {
  id: string;
  merchant: string;
  type: EventType;
  /** RFC 3339. */
  timestamp: string;
  livemode: boolean;
  /** Counts within a call, within a charge, or within a receipt, from 1. */
  sequence: number;
  data: Readonly<Record<string, unknown>>;
}

export const EVENT_TYPES = [
  'call.started',
  'call.ended',
  'capture.started',
  'capture.completed',
  'capture.failed',
  'capture.cancelled',
  'charge.approved',
  'charge.declined',
  'charge.unknown',
  'refund.succeeded',
  'refund.failed',
  'receipt.sent',
  'receipt.failed',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/**
 * An event and the records that become true with it, all in one slot: one atomic write, so neither stands without
 * the other. `writes` are plain SETs.
 */
export interface OutboxEntry {
  event: CrmEvent;
  /** The slot of the call, capture or token that it tells of. */
  bucket: number;
  writes: readonly SlotWrite[];
}

/** Where events enter. One that has been taken reaches the CRM at least once. */
export interface Outbox {
  /** Resolves when the entry is durable; rejects with AppError `redis_unavailable` at once when Redis is away. */
  write(entry: OutboxEntry): Promise<void>;
  /**
   * The same for what has happened already: kept in order while Redis is away (bounded), written when it is back.
   * Resolves once it is durable, or was dropped, which is logged and counted; never rejects.
   */
  append(entry: OutboxEntry): Promise<void>;
  /** Tells the relay that a slot's outbox was written by someone else (the vault). */
  nudge(merchant: string, bucket: number): void;
}

/** The last 30 days of events, for `GET /v1/events` and the operator's tool. */
export interface EventLog {
  list(merchant: string, query: EventQuery): Promise<EventPage>;
}

export interface EventQuery {
  /** RFC 3339; only events at or after it. */
  since: string | null;
  cursor: string | null;
  limit: number;
}

export interface EventPage {
  events: readonly LoggedEvent[];
  cursor: string | null;
}

export interface LoggedEvent extends CrmEvent {
  delivery: 'pending' | 'delivered' | 'failed';
}
