import type { Secret } from '../secret.js';

export const SEALS = ['plain', 'passphrase', 'transit', 'aws-kms'] as const;
export type SealName = (typeof SEALS)[number];

/**
 * How the root keys in the key file are sealed. A service that seals (Transit, KMS) is asked once a root: when it is
 * made, and when a node reads it. The roots then stay in the process's memory as `KeyObject`s, and every other key is
 * derived from them there.
 *
 * That is a trade. For it: a capture waits for no other service, records open by the ten thousand a second, and calls
 * go on while the service is away. Against it: who can read this process's memory has the roots. But he has the cards
 * that it takes anyhow, and a service that opened each data key would have opened each for him.
 */
export interface RootSeal {
  readonly name: SealName;
  /** Printable ASCII for the key file; the caller wipes it. `label` says what the root is for, and is bound to it. */
  seal(root: Secret, label: string): Promise<Secret>;
  /**
   * The root; the caller wipes it. Rejects with AppError `config_invalid` when it can't be opened so, and
   * `vault_unavailable` when who opens it does not answer.
   */
  open(sealed: Secret, label: string): Promise<Secret>;
}
