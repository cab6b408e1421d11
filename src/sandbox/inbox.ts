import { Webhook } from 'standardwebhooks';
import type { ReceivedEvent, Verdict } from './received-event.js';

/** The inbox forgets the oldest beyond so many. */
export const MAX_EVENTS = 300;

/** The headers of Standard Webhooks. */
export interface DeliveryHeaders {
  'webhook-id'?: string;
  'webhook-timestamp'?: string;
  'webhook-signature'?: string;
}

/** A CRM that only looks: checks each delivery's signature, keeps the last events, and counts an id once. */
export class Inbox {
  /** While set, deliveries are to be answered 503, as by a CRM that is down. */
  refusing = false;

  readonly #webhooks: readonly Webhook[];
  /** By verdict and id, oldest first: a forged delivery never takes the place of a real one. */
  readonly #events = new Map<string, ReceivedEvent>();

  /** `secrets` as in `CRM_WEBHOOK_SECRET`: `whsec_…`, one or, while rotating, more. */
  constructor(secrets: readonly string[]) {
    this.#webhooks = secrets.map((secret) => new Webhook(secret));
  }

  /** Oldest first. */
  get events(): Iterable<ReceivedEvent> {
    return this.#events.values();
  }

  /** Takes one delivery; `body` is the text exactly as it came. `receivedAt` is RFC 3339. */
  receive(headers: DeliveryHeaders, body: string, receivedAt: string): ReceivedEvent {
    const id = headers['webhook-id'] ?? '';
    const verdict = this.#check(headers, body);
    const key = `${verdict} ${id}`;
    const before = this.#events.get(key);
    const event: ReceivedEvent = before
      ? { ...before, deliveries: before.deliveries + 1 }
      : { id, verdict, received_at: receivedAt, deliveries: 1, ...contentOf(body) };
    this.#events.set(key, event);
    for (const oldest of this.#events.keys()) {
      if (this.#events.size <= MAX_EVENTS) break;
      this.#events.delete(oldest);
    }
    return event;
  }

  #check(headers: DeliveryHeaders, body: string): Verdict {
    if (!headers['webhook-id'] || !headers['webhook-timestamp'] || !headers['webhook-signature'])
      return 'unsigned';
    let tooOld = false;
    for (const webhook of this.#webhooks) {
      try {
        webhook.verify(body, headers as Record<string, string>);
        return 'verified';
      } catch (error) {
        tooOld = String((error as { message?: unknown }).message).includes('timestamp');
      }
    }
    return tooOld ? 'too-old' : 'wrong-signature';
  }
}

function contentOf(body: string): Pick<ReceivedEvent, 'type' | 'sequence' | 'body'> {
  try {
    const parsed = JSON.parse(body) as { type?: unknown; sequence?: unknown };
    return {
      type: typeof parsed.type === 'string' ? parsed.type : '?',
      sequence: typeof parsed.sequence === 'number' ? parsed.sequence : null,
      body: parsed,
    };
  } catch {
    return { type: '?', sequence: null, body: null };
  }
}
