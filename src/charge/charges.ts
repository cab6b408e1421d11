import type { ChargeView } from '../capture/view.js';
import type { Network } from '../card/networks.js';
import type { ReceiptAddresses } from '../receipts/receipts.js';
import type { RefundView } from './refund-view.js';

export interface ChargeRequest {
  token: string;
  /** Minor units of ISO 4217. */
  amount: number;
  currency: string;
  reference: string | null;
  /** What the payer chose of a co-badged card; null: what was chosen when it was keyed. */
  network: Network | null;
  /** The same key with the same token is the same charge, for good. */
  idempotencyKey: string;
  /** Of the sentences in `decline`, and of receipts. */
  language: 'en' | 'fr';
  /** Where the payer gets receipts; null or left out: none. */
  receipt?: ReceiptAddresses | null;
}

/**
 * Money, by token. Objects of another merchant don't exist. A refusal is a value; methods reject with AppError
 * `not_found`, `limit_reached`, `token_spent`, `token_closed`, `bad_request`, `no_provider`, `psp_unavailable`, `psp_misconfigured`,
 * `vault_unavailable`, `redis_unavailable`.
 */
export interface Charges {
  /** Resolves with the outcome, `unknown` too. Whatever dies in between, the card is charged once. */
  charge(merchant: string, request: ChargeRequest): Promise<ChargeView>;
  get(merchant: string, id: string): Promise<ChargeView>;
  /** Every refund that was tried, the oldest first; those that failed, and of which nobody knows yet, too. */
  refunds(merchant: string, id: string): Promise<RefundView[]>;
  /** `amount` null: what is left. Never more than was taken; `unknown` until the provider has told. */
  refund(merchant: string, id: string, amount: number | null, idempotencyKey: string): Promise<ChargeView>;
  /** Gives all of it back before it is settled; where the provider can't, says so. */
  void(merchant: string, id: string, idempotencyKey: string): Promise<ChargeView>;
}
