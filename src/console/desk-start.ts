import type { LinkChannel, Outcome } from '../capture/view.js';

/** First message of the stream `/console/desk`, before the calls. */
export interface DeskStart {
  /** The server's time, RFC 3339: deadlines are counted down against it. */
  now: string;
  /** The sandbox's telephone for the agent (a WebSocket URL); null when agents have phones of their own. */
  softphone_url: string | null;
  /** What the service can do with a card, in the order in which it is offered. */
  outcomes: readonly Outcome[];
  /** How a payment link can be given; none: there are no links. */
  link_channels: readonly LinkChannel[];
}
