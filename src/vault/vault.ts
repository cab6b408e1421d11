import type { CardSecret, CardView } from '../card/card.js';
import type { CardNetworks } from '../card/networks.js';
import type { SlotAppend, SlotWrite } from '../redis/keys.js';
import type { UnseenCard } from './unseen-card.js';

export const PURPOSES = ['single', 'saved', 'subscription', 'dispute'] as const;
export type Purpose = (typeof PURPOSES)[number];
/** How often a token may be charged: `once` dies with its first charge that is approved. */
export const USAGES = ['once', 'many'] as const;
export type Usage = (typeof USAGES)[number];
export type Channel = 'moto_attended' | 'moto_ivr' | 'ecommerce';

/** The payer's leave to keep a card, as the CRM recorded it. `at` is RFC 3339. */
export interface Consent {
  at: string;
  wording: string;
}

/** What a token is for. */
export interface TokenTerms {
  purpose: Purpose;
  usage: Usage;
  consent: Consent | null;
  metadata: Readonly<Record<string, string>>;
}

export interface TokenizeRequest extends CardNetworks, TokenTerms {
  merchant: string;
  /** The slot: the new token is drawn so that it, the record, the index and `announce`'s writes share it. */
  bucket: number;
  card: CardSecret | UnseenCard;
  channel: Channel;
  /**
   * Where the provider keeps the card: what it calls it. That is sealed in the card's place, and no number is. Without
   * it nothing is sealed of a card that is unseen: its token is spent from the first, and only its record is kept.
   */
  stored: StoredCard | null;
  /** What the network calls the payment with which the card came, as in `remember`; left out: none. */
  networkTransactionId?: string | null;
  /** What shall become true together with the token: called with it, before the write. */
  announce(token: TokenView): Promise<Announcement> | Announcement;
}

/** A card that a payment provider keeps, and its name for it: printable ASCII without spaces, 200 characters at most. */
export interface StoredCard {
  provider: string;
  reference: string;
}

export interface Announcement {
  /** Events for the outbox of the slot, as JSON; none for a card that is sealed before it is charged. */
  events: readonly string[];
  writes: readonly SlotWrite[];
  /** What the audit trail is told by the write itself. */
  outcome?: OutcomeIn;
}

/** What a write in a slot appends there, to say that it was made. */
export type OutcomeIn = (slot: string) => SlotAppend;

/** The Token of `INTERFACE.md`. Nothing in it leads back to the card. */
export interface TokenView {
  token: string;
  card: CardView;
  fingerprint: string;
  purpose: Purpose;
  usage: Usage;
  channel: Channel;
  created_at: string;
  expires_at: string;
}

/** What stands behind a token, for one request to a provider. */
export interface Behind {
  token: TokenView;
  instrument: { kind: 'card'; card: CardSecret } | ({ kind: 'stored' } & StoredCard);
  /** Of the first payment with it, for later ones; null before. */
  networkTransactionId: string | null;
}

/**
 * Seals cards, gives tokens. There is no way to read a card number back. Every method rejects with AppError
 * `vault_unavailable` when Redis or the keys can't be had: nothing was promised then. After a failover of Redis a
 * token that it does not know is `unsettled` for a minute.
 */
export interface Vault {
  /**
   * Resolves once the sealed record, its index and its event are durable, in one atomic write. Rejects with AppError
   * `conflict`, and seals nothing, when a record that is replaced with it has changed since it was read.
   */
  tokenize(request: TokenizeRequest): Promise<TokenView>;
  /** Null when unknown, expired, destroyed, or another merchant's. Tolerates case and `I L O`. */
  token(merchant: string, token: string): Promise<TokenView | null>;
  /** Shreds the card behind a token; false when there was none. `outcome` is appended when there was. */
  destroy(merchant: string, token: string, outcome?: OutcomeIn): Promise<boolean>;
  /**
   * Opens what stands behind a token for the time of `use`, and wipes it. Null as for `token`. Rejects as `use` does,
   * and with AppError `token_closed` when the token is kept for disputes alone, `too_many_charges` when it was opened
   * too often within an hour.
   */
  open<T>(merchant: string, token: string, use: (behind: Behind) => Promise<T>): Promise<T | null>;
  /**
   * Keeps what the network calls the first payment with the card, printable ASCII without spaces, 64 characters at
   * most: the first one told stays. Nothing happens when there is no such token.
   */
  remember(merchant: string, token: string, networkTransactionId: string): Promise<void>;
}
