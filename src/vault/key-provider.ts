import type { Secret } from '../secret.js';

/**
 * Where key-encryption keys live. Implementations: a local file (0600). Later: transit and KMS services. All pass
 * the same contract test.
 */
export interface KeyProvider {
  /** The version that seals now, for instance `k1`. */
  readonly active: string;
  /** A check value, which gives nothing away, for each key by its id: a key that was swapped is noticed. */
  readonly checks: Readonly<Record<string, string>>;
  /** Seals a record's data key. `aad` binds it to its record. Returns nonce, ciphertext and tag. */
  wrap(merchant: string, dataKey: Secret, aad: Buffer): Promise<{ version: string; sealed: Buffer }>;
  /**
   * Opens what `wrap` gave; the caller wipes it. Rejects with AppError `vault_unavailable` when version, merchant or
   * aad don't fit.
   */
  unwrap(merchant: string, version: string, sealed: Buffer, aad: Buffer): Promise<Secret>;
  /** HMAC-SHA-256 under a key of its own for each use and merchant. */
  mac(use: MacUse, merchant: string, data: Uint8Array): Promise<Buffer>;
}

export type MacUse = 'fingerprint' | 'index';
