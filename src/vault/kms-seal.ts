import { DecryptCommand, EncryptCommand, KMSClient, type KMSClientConfig } from '@aws-sdk/client-kms';
import { AppError, codeOf } from '../errors.js';
import { Secret } from '../secret.js';
import type { RootSeal } from './root-seal.js';

export interface KmsSealOptions {
  /** Id, ARN or alias of a symmetric key of AWS KMS. */
  keyId: string;
  /** What the environment does not say to the client itself: tests name an endpoint. */
  client?: KMSClientConfig;
}

const TIMEOUTS = { connectionTimeout: 2_000, requestTimeout: 5_000 };
const ATTEMPTS = 3;
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);
/** Names of refusals that another attempt does not change. */
const REFUSALS: Readonly<Record<string, string>> = {
  InvalidCiphertextException: 'does not open the key file: it is another key, or the file is damaged',
  IncorrectKeyException: 'is not the key that the file was sealed with',
  NotFoundException: 'names no key in this account and region',
  DisabledException: 'names a key that is disabled: enable it',
  KMSInvalidStateException: 'names a key that can not be used now: is it waiting to be deleted?',
  AccessDeniedException: 'is refused: the role needs kms:Encrypt and kms:Decrypt on this key',
  UnrecognizedClientException: 'is refused: the credentials are not valid',
  ExpiredTokenException: 'is refused: the credentials have expired',
  CredentialsProviderError: 'can not be used: there are no AWS credentials here',
};

/**
 * Seals roots with a key of AWS KMS, by its official client, which finds region and credentials as every program of
 * AWS does. The client turns a root into strings of base64 on its way, and they stay in memory until the garbage
 * collector has gone over them: so do the roots themselves, for as long as the process runs. It never sees a card, nor
 * the key of a record.
 */
export class KmsSeal implements RootSeal {
  readonly name = 'aws-kms';
  readonly #keyId: string;
  readonly #client: KMSClient;

  constructor({ keyId, client = {} }: KmsSealOptions) {
    this.#keyId = keyId;
    this.#client = new KMSClient({ maxAttempts: ATTEMPTS, requestHandler: TIMEOUTS, ...client });
  }

  async seal(root: Secret, label: string): Promise<Secret> {
    const { CiphertextBlob } = await this.#ask(() =>
      this.#client.send(
        new EncryptCommand({
          KeyId: this.#keyId,
          Plaintext: root.reveal(),
          EncryptionContext: { tonewall: label },
        }),
      ),
    );
    return Secret.of(Buffer.from(Buffer.from(CiphertextBlob ?? []).toString('base64')));
  }

  async open(sealed: Secret, label: string): Promise<Secret> {
    const { Plaintext = new Uint8Array() } = await this.#ask(() =>
      this.#client.send(
        new DecryptCommand({
          KeyId: this.#keyId,
          CiphertextBlob: Buffer.from(Buffer.from(sealed.reveal()).toString('latin1'), 'base64'),
          EncryptionContext: { tonewall: label },
        }),
      ),
    );
    const root = Secret.of(Plaintext);
    Plaintext.fill(0);
    return root;
  }

  async #ask<T>(send: () => Promise<T>): Promise<T> {
    await this.#checkEndpoint();
    try {
      return await send();
    } catch (error) {
      const name = error instanceof Error ? error.name : codeOf(error);
      const refusal = REFUSALS[name];
      if (refusal !== undefined) throw new AppError('config_invalid', `VAULT_KMS_KEY_ID ${refusal}`);
      throw new AppError(
        'vault_unavailable',
        `VAULT_KMS_KEY_ID: no answer from AWS KMS (${name}); are AWS_REGION and the network right?`,
      );
    }
  }

  /** The environment may name another endpoint: a root goes nowhere in clear. */
  async #checkEndpoint(): Promise<void> {
    const endpoint = await this.#client.config.endpoint?.();
    if (endpoint === undefined || endpoint.protocol === 'https:' || LOOPBACK.has(endpoint.hostname)) return;
    throw new AppError('config_invalid', 'VAULT_KMS_KEY_ID: the endpoint of AWS KMS is not https');
  }
}
