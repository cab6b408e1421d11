/** What the signature of a delivery turned out to be, checked as any CRM would. */
export type Verdict = 'verified' | 'unsigned' | 'wrong-signature' | 'too-old';

/** One event in the inbox: the same id delivered again is the same event. */
export interface ReceivedEvent {
  id: string;
  verdict: Verdict;
  /** RFC 3339, of the first delivery. */
  received_at: string;
  deliveries: number;
  type: string;
  sequence: number | null;
  /** The body as it came; null when it was no JSON. */
  body: unknown;
}

/** What the inbox page is told first, and when the switch moves. */
export interface InboxState {
  /** Deliveries are answered 503, as a CRM that is down would. */
  refusing: boolean;
  endpoint: string;
}
