import type { ChargeView } from '../capture/view.js';
import type { Entry, Network } from '../psp/psp.js';
import type { Channel } from '../vault/vault.js';

/**
 * `created`: the intent is durable. `sent`: a byte may have left for the provider. The rest are outcomes; `unknown` is
 * one for those who ask, and goes on to `approved` or `declined` when it is settled. Nothing leads back.
 */
export type ChargeState = 'created' | 'sent' | 'approved' | 'declined' | 'unknown';

/** A charge as it is kept: the Charge of `INTERFACE.md`, and what settling and refunding it need. No digit of a card. */
export interface ChargeRecord {
  merchant: string;
  state: ChargeState;
  /** Milliseconds since the epoch, of the last change of state. */
  since: number;
  /** The node that is at it; another takes over what a dead node left. */
  node: string;
  /** The capture in which the card was keyed; null for a charge by token. */
  captureId: string | null;
  channel: Channel;
  /** What was told to the provider: never another than the channel's. */
  entry: Entry;
  network: Network | null;
  /** The number of the next event of this charge. */
  sequence: number;
  refunds: readonly RefundRecord[];
  view: ChargeView;
}

export interface RefundRecord {
  /** `rfd_…`: our name of it at the provider. */
  id: string;
  /** Minor units. */
  amount: number;
  state: 'sent' | 'succeeded' | 'failed' | 'unknown';
  /** Milliseconds since the epoch. */
  since: number;
}

/** How a card that was keyed is flagged: one is never passed off as the other. */
export const ENTRY_OF_CHANNEL = {
  moto_attended: 'moto',
  moto_ivr: 'moto',
  ecommerce: 'ecommerce',
} as const satisfies Record<Channel, Entry>;
