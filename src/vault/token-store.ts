import type { Brand } from '../card/brands.js';
import type { Durability } from '../redis/durability-level.js';
import type { Retention } from './retention.js';
import type { Announcement, Channel, Consent, OutcomeIn, Purpose } from './vault.js';

/** Where a token's row lies: the merchant's slot, and the keyed index of the token, which gives no token away. */
export interface Place {
  merchant: string;
  bucket: number;
  index: Buffer;
}

/** What is left of a card when its seal has gone: enough to reconcile payments, nothing to make one. */
export interface CardRecord {
  brand: Brand;
  last4: string;
  exp_month: number;
  exp_year: number;
  fingerprint: string;
  purpose: Purpose;
  channel: Channel;
  /** Milliseconds since the epoch. */
  created: number;
  /** When the seal goes: seconds since the epoch. */
  expires: number;
  /** Where the row was, at the least, when its token was given out. */
  durability: Durability;
  consent: Consent | null;
  metadata: Readonly<Record<string, string>>;
}

/** A card that only the keys open. */
export interface SealedCard {
  layout: number;
  keyVersion: string;
  dataKey: Buffer;
  card: Buffer;
  bin: Buffer;
}

export interface TokenRow {
  record: CardRecord;
  sealed: SealedCard;
}

/**
 * Keeps rows durably: what resolved is where `durability` says. Every method rejects with AppError
 * `redis_unavailable` when that can't be promised, `internal` when the store holds what it should not.
 */
export interface TokenStore {
  readonly durability: Durability;
  /**
   * The outside name of a fingerprint: `candidate` when it is the first of its card, else the one given before. It
   * is kept until `keepUntil` (seconds) at least.
   */
  alias(merchant: string, fingerprint: Buffer, candidate: string, keepUntil: number): Promise<string>;
  /**
   * Writes row, event and records at once. Tries again by itself for a while; what it gave up is not there, or is
   * taken back as soon as the store answers.
   */
  put(place: Place, row: TokenRow, retention: Retention, announcement: Announcement): Promise<void>;
  /** Null when the sealed card has gone, or never was. */
  get(place: Place): Promise<TokenRow | null>;
  /** Shreds the sealed card and keeps the record; false when there was none. `outcome` is appended when there was. */
  destroy(place: Place, outcome?: OutcomeIn): Promise<boolean>;
  /** Whether a row that is not there may be one that a failover has just lost: then nobody knows yet. */
  unsettled(place: Place): Promise<boolean>;
}
