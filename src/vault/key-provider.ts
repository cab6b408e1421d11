import type { Secret } from '../secret.js';

/**
 * What may be done with a version of the key-encryption key:
 *
 * | state          | seals | opens | in the key file                   |
 * | -------------- | ----- | ----- | --------------------------------- |
 * | `active`       | yes   | yes   | yes; one of them                  |
 * | `decrypt-only` | no    | yes   | yes: before its turn, and after   |
 * | `retired`      | no    | no    | yes: no record is sealed by it    |
 * | `destroyed`    | no    | no    | no: its name and check value only |
 */
export type KeyState = 'active' | 'decrypt-only' | 'retired' | 'destroyed';

export interface KeyVersion {
  /** For instance `k1`. */
  readonly id: string;
  readonly state: KeyState;
}

/** Where key-encryption keys live. All implementations pass the same contract test. */
export interface KeyProvider {
  /** The version that seals now, for instance `k1`. */
  readonly active: string;
  /** Every version that ever was, oldest first. */
  readonly versions: readonly KeyVersion[];
  /** A check value, which gives nothing away, for each key by its id: a key that was swapped is noticed. */
  readonly checks: Readonly<Record<string, string>>;
  /** Seals a record's data key. `aad` binds it to its record. Returns nonce, ciphertext and tag. */
  wrap(merchant: string, dataKey: Secret, aad: Buffer): Promise<{ version: string; sealed: Buffer }>;
  /**
   * Opens what `wrap` gave; the caller wipes it. Rejects with AppError `vault_unavailable` when version, merchant or
   * aad don't fit, or the version opens nothing any more: the message says which.
   */
  unwrap(merchant: string, version: string, sealed: Buffer, aad: Buffer): Promise<Secret>;
  /** HMAC-SHA-256 under a key of its own for each use and merchant. */
  mac(use: MacUse, merchant: string, data: Uint8Array): Promise<Buffer>;
  /** Tells when another version seals; returns what stops that. */
  watch(listener: (active: string) => void): () => void;
}

/** What a derived key is for, which is its HKDF label: one key has one use. */
export const KEY_USES = ['seal', 'fingerprint', 'index', 'audit', 'limit'] as const;
export type KeyUse = (typeof KEY_USES)[number];
export type MacUse = Exclude<KeyUse, 'seal'>;
