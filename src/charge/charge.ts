import type { Language } from '../capture/flow.js';
import type { ChargeView } from '../capture/view.js';
import type { CardView } from '../card/card.js';
import type { Network } from '../card/networks.js';
import type { Entry } from '../psp/psp.js';
import type { Channel, TokenTerms } from '../vault/vault.js';

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
  /** There once whoever made the intent has been at it for too long: he may not send it any more. */
  givenUp?: true;
  /**
   * The token that is charged; the view's is null once a card that was refused has been destroyed. Where the payer types
   * his card on a page of the provider's, it comes with the approval; null before, and where the provider shows no card.
   */
  token: string | null;
  /** The token dies when this charge is approved. */
  once: boolean;
  /** The capture in which the card was keyed; null for a charge by token. */
  captureId: string | null;
  /** Digest of the key under which it was asked for; null in a capture. */
  idempotency: string | null;
  /** What was told to the provider: never another than that of the token's channel. */
  entry: Entry;
  /** What it is to be charged as: the payer's choice. */
  network: Network | null;
  /** What its card can be charged as; not there where the provider does not say. */
  networks?: readonly Network[];
  /** Of the sentences in `decline`, also when it is settled later. */
  language: Language;
  /** The number of the last event of this charge. */
  sequence: number;
  /** The card's name among the running sums of payments by telephone; not there where nobody here saw its number. */
  sum?: string;
  refunds: readonly RefundRecord[];
  view: ChargeView;
  /** There where it is paid on a page of the provider's. */
  page?: PaymentPage;
}

export interface PaymentPage {
  /** Milliseconds since the epoch. Then it is closed, and only then may it be known that nobody has paid. */
  endsAt: number;
  /** What the token of the card will be for that is typed there. */
  token: TokenTerms;
}

/** Money on its way back. What is neither failed nor undone counts against what can still be refunded. */
export interface RefundRecord {
  /** `rfd_…`: our name of it, at the provider too where it was asked for here. */
  id: string;
  /** A void undoes all of the charge before it is settled between the banks. */
  kind: 'refund' | 'void';
  /** Digest of the key under which it was asked for; null where the provider has told of it, and nobody here had asked. */
  idempotency: string | null;
  /** Minor units. */
  amount: number;
  state: 'sent' | 'succeeded' | 'failed' | 'unknown';
  /** Milliseconds since the epoch, of the last change of state. */
  since: number;
}

/** The card as it is shown once it was charged: what the provider says of its networks counts, else what the number does. */
export function chargedCard(card: CardView, { networks }: Pick<ChargeRecord, 'networks'>): CardView {
  return networks === undefined ? card : { ...card, networks };
}

/** How a card that was keyed is flagged: one is never passed off as the other. */
export const ENTRY_OF_CHANNEL = {
  moto_attended: 'moto',
  moto_ivr: 'moto',
  ecommerce: 'ecommerce',
} as const satisfies Record<Channel, Entry>;
