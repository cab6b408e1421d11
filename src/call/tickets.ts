import type { Clock } from '../clock.js';
import { newId } from '../id.js';

/** How long a party may take from hearing our TwiML to its stream's `start`. */
const TICKET_MS = 30_000;

interface Ticket {
  leg: string;
  callSid: string;
  expiresAt: number;
}

/**
 * One-time tickets for media streams: a handshake's signature can be replayed, a ticket can't. Held in memory,
 * because a stream reaches the node that handed its URL out.
 */
export class Tickets {
  readonly #clock: Clock;
  readonly #tickets = new Map<string, Ticket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A fresh ticket; one that the leg had before and did not use is void. */
  issue(leg: string, callSid: string): string {
    const now = this.#clock.monotonic();
    for (const [id, ticket] of this.#tickets) {
      if (ticket.leg === leg || ticket.expiresAt <= now) this.#tickets.delete(id);
    }
    const id = newId('tkt_');
    this.#tickets.set(id, { leg, callSid, expiresAt: now + TICKET_MS });
    return id;
  }

  /** The leg that the ticket was for, or null: missing, spent, expired or another call's. Spent either way. */
  redeem(id: string, callSid: string): string | null {
    const ticket = this.#tickets.get(id);
    this.#tickets.delete(id);
    if (ticket === undefined || ticket.callSid !== callSid) return null;
    return ticket.expiresAt > this.#clock.monotonic() ? ticket.leg : null;
  }
}
