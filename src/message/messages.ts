import type { Language } from '../capture/flow.js';

/** How somebody is written to. */
export const MESSAGE_CHANNELS = ['sms', 'email'] as const;
export type MessageChannel = (typeof MESSAGE_CHANNELS)[number];

export interface Message {
  merchant: string;
  /** The same key is the same message, whoever asks and how often: it is sent once. */
  key: string;
  channel: MessageChannel;
  /** E.164 for `sms`, else a mail address. */
  to: string;
  /** Of a mail; null for `sms`. */
  subject: string | null;
  text: string;
  /** The same for mail readers that show HTML; null: text alone. */
  html: string | null;
  language: Language;
}

/**
 * `sent`: the carrier or the mail server has taken it, and it is never sent again. `delivered` and a late `failed` are
 * what the carrier says afterwards; of a mail nobody says more than `sent`.
 */
export const MESSAGE_STATES = ['queued', 'sent', 'delivered', 'failed'] as const;
export type MessageState = (typeof MESSAGE_STATES)[number];

/**
 * Why a message failed. `unconfirmed`: it was handed over and no answer came, so it may have arrived; it is not sent
 * twice.
 */
export const MESSAGE_FAULTS = [
  'bad_address',
  'refused',
  'unreachable',
  'undelivered',
  'unconfirmed',
] as const;
export type MessageFault = (typeof MESSAGE_FAULTS)[number];

/** What became of a message, with nothing of what it says. */
export interface MessageView {
  merchant: string;
  key: string;
  channel: MessageChannel;
  /** Masked, as `+336******78` and `j***@example.com`. */
  to: string;
  state: MessageState;
  /** Null unless `failed`. */
  reason: MessageFault | null;
  /** RFC 3339, of the last change of `state`. */
  updated_at: string;
}

/** Short messages and mails, sent in the background: what was taken here survives a restart and is tried for a day. */
export interface Messages {
  /** Whether the channel is set up; what can't be sent is refused by `send`. */
  can(channel: MessageChannel): boolean;
  /**
   * Resolves once the message is durable, with what has become of it so far: a repetition changes nothing. Rejects with
   * AppError `bad_request` for a channel that isn't set up, an address that can't be one, or words that hold a card
   * number; with `redis_unavailable` when it may not be durable: ask again with the same key.
   */
  send(message: Message): Promise<MessageView>;
  /** Null when there is no such message, or no longer. */
  find(merchant: string, key: string): Promise<MessageView | null>;
  /** `told` hears of every message that is sent, delivered or failed, at least once; again when it rejects. */
  watch(told: (message: MessageView) => Promise<void>): void;
}

/** What a carrier says of a short message after it has taken it. They come in any order, and any number of times. */
export type MessageReport = 'sent' | 'delivered' | 'failed';

/** What a way of sending is given: checked, and under an id that its callbacks carry back. */
export interface Letter extends Omit<Message, 'merchant' | 'key'> {
  /** `[A-Za-z0-9_-]{26}`: the same for the same message. */
  id: string;
}

/**
 * What came of handing a letter over. `later`: it was certainly not taken, and may be another time. `unsure`: it was
 * given and no answer came.
 */
export type Handover =
  | { status: 'taken' }
  | { status: 'refused'; reason: Extract<MessageFault, 'bad_address' | 'refused'> }
  | { status: 'later' }
  | { status: 'unsure' };

/** One way of sending: the carrier's short messages, a mail server. */
export interface MessageWay {
  /** Hands a letter over once, in bounded time. Never rejects. */
  hand(letter: Letter): Promise<Handover>;
  close(): Promise<void>;
}
