import type { Language } from '../capture/flow.js';
import type { MessageChannel, MessageView } from '../message/messages.js';
import type { SlotWrite } from '../redis/keys.js';

/** What a payer is told of: money taken, money given back, a card kept for later. */
export const RECEIPT_KINDS = ['charge', 'refund', 'registration'] as const;
export type ReceiptKind = (typeof RECEIPT_KINDS)[number];

/** Where the payer wants to read of it; null: not there. */
export type ReceiptAddresses = Readonly<Record<MessageChannel, string | null>>;

/** What is kept with a capture or a charge, so that receipts of it can be written. */
export interface ReceiptPlan extends ReceiptAddresses {
  language: Language;
  /** Whether the card stays: then keeping it is told of, where nothing is charged with it. */
  registers: boolean;
  /** Of the card; null while none has been keyed. */
  lastFour: string | null;
}

/** A receipt as it is shown, with nothing of what it says. */
export interface ReceiptView extends Omit<MessageView, 'merchant' | 'key'> {
  kind: ReceiptKind;
  /** The charge, refund or capture that it tells of. */
  about: string;
}

/** Receipts to payers. They are sent by what becomes true of a charge or capture, never by who asked for it. */
export interface Receipts {
  /** Whether this merchant's payers can get receipts in this way. */
  can(merchant: string, channel: MessageChannel): boolean;
  /** Throws AppError `bad_request`, with what to set up, for receipts that can't be sent. */
  insist(merchant: string, addresses: ReceiptAddresses): void;
  /** Joins the write that makes a capture, or the intent of a charge by token, durable. */
  planned(merchant: string, id: string, plan: ReceiptPlan): SlotWrite;
  /** Of a charge, a refund or a capture. Rejects with AppError `redis_unavailable`. */
  list(merchant: string, about: string): Promise<ReceiptView[]>;
}
