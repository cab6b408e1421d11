import type { Durability } from '../redis/durability-level.js';
import type { Retention } from './retention.js';
import type { Announcement, OutcomeIn } from './vault.js';

/** Where a token's row lies: the merchant's slot, and the keyed index of the token, which gives no token away. */
export interface Place {
  merchant: string;
  bucket: number;
  index: Buffer;
}

/** A data key of a row, and who wraps it. */
export interface SealedKey {
  layout: number;
  keyVersion: string;
  dataKey: Buffer;
}

/** A provider's name for a card once more, apart from the card: by it the card is forgotten there in the end. */
export interface SealedName extends SealedKey {
  name: Buffer;
}

/** What only the keys open. */
export interface SealedCard extends SealedKey {
  /** Whether `card` is number and expiry, or a provider's name for the card. */
  holds: 'card' | 'stored';
  card: Buffer;
  bin: Buffer;
  /** What the network calls the first payment; null before it. */
  network: Buffer | null;
  /** Of a row that is put and `holds` a name; it is not read with the row. */
  name?: SealedName;
}

export interface TokenRow {
  /** The text of a `CardRecord`: the seals are bound to it as it is. */
  record: string;
  sealed: SealedCard;
}

/** A row as it is put; without a seal there is a record alone, as there is once the sealed card has gone. */
export type NewRow = Pick<TokenRow, 'record'> & { sealed: SealedCard | null };

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
   * taken back as soon as the store answers, unless it replaces a record: then that tells whether it is there. Rejects
   * with `conflict` when such a record has changed.
   */
  put(
    place: Place,
    row: NewRow,
    retention: Retention,
    announcement: Announcement,
    deadline?: number,
  ): Promise<void>;
  /**
   * The time at which a put that begins now is given up, by the clock of the server that has the place: what hung in a
   * stopped server comes to nothing. `put` asks for it unless it is told.
   */
  deadline(place: Place): Promise<number>;
  /** Null when the sealed card has gone, or never was. */
  get(place: Place): Promise<TokenRow | null>;
  /** Shreds the sealed card and keeps the record; false when there was none. `outcome` is appended when there was. */
  destroy(place: Place, outcome?: OutcomeIn): Promise<boolean>;
  /**
   * Counts that a token is opened, if it is there. Gives the seconds after which it may be, 0 for now: `most` times
   * within so many seconds.
   */
  opening(place: Place, most: number, withinSeconds: number): Promise<number>;
  /** Keeps what the network calls the first payment, if the row is there and has none yet. */
  remember(place: Place, network: Buffer): Promise<void>;
  /** Whether a row that is not there may be one that a failover has just lost: then nobody knows yet. */
  unsettled(place: Place): Promise<boolean>;
}
