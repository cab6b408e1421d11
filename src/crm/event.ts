/** What the CRM is told. `id` becomes the `webhook-id`; the rest of the envelope is the body. */
export interface CrmEvent {
  id: string;
  merchant: string;
  type: EventType;
  /** RFC 3339. */
  timestamp: string;
  livemode: boolean;
  /** Counts within a call, from 1. */
  sequence: number;
  data: Readonly<Record<string, unknown>>;
}

export type EventType =
  | 'call.started'
  | 'call.ended'
  | 'capture.started'
  | 'capture.completed'
  | 'capture.failed'
  | 'capture.cancelled';

/** Where events enter. One that has been taken reaches the CRM at least once. */
export interface Outbox {
  /**
   * Takes an event that stands alone. Resolves when it is durable; while Redis is away it is kept, bounded, and
   * written when Redis is back. `bucket` is that of the call or capture it tells of.
   */
  append(event: CrmEvent, bucket: number): Promise<void>;
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
