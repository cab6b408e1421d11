import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Secret } from '../../src/secret.js';
import { KmsSeal } from '../../src/vault/kms-seal.js';
import { describeKeyProvider } from '../contract/key-provider.contract.js';
import { providerUnder } from '../support/keys.js';
import { startKmsServer, type KmsServer } from '../support/kms-server.js';

const root = () => Secret.of(new Uint8Array(32).fill(5));
let dir: string;
let count = 0;
let kms: KmsServer;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tw-'));
  kms = await startKmsServer();
});
afterEach(() => {
  kms.faults.length = 0;
  kms.requests.length = 0;
});
afterAll(async () => {
  await kms.close();
  await rm(dir, { recursive: true, force: true });
});

function sealOn({ endpoint = kms.endpoint, keyId = kms.keyId } = {}): KmsSeal {
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'for tests' };
  return new KmsSeal({ keyId, client: { region: 'eu-west-3', endpoint, credentials } });
}

describeKeyProvider('the key file sealed by AWS KMS', () =>
  providerUnder(join(dir, `keys-${count++}.json`), sealOn()),
);

describe('AWS KMS', () => {
  it('is told what the root is for, and opens it for that alone', async () => {
    const sealed = await sealOn().seal(root(), 'tonewall/root/seal/k1');
    expect(Buffer.from(sealed.reveal()).toString()).toMatch(/^[A-Za-z0-9+/=]+$/);
    const opened = await sealOn().open(sealed, 'tonewall/root/seal/k1');
    expect([...opened.reveal()]).toEqual([...root().reveal()]);
    expect(kms.requests).toMatchObject([
      {
        target: 'TrentService.Encrypt',
        body: { KeyId: kms.keyId, EncryptionContext: { tonewall: 'tonewall/root/seal/k1' } },
      },
      {
        target: 'TrentService.Decrypt',
        body: { KeyId: kms.keyId, EncryptionContext: { tonewall: 'tonewall/root/seal/k1' } },
      },
    ]);
    await expect(sealOn().open(sealed, 'tonewall/root/seal/k2')).rejects.toMatchObject({
      code: 'config_invalid',
      message: 'VAULT_KMS_KEY_ID does not open the key file: it is another key, or the file is damaged',
    });
  });

  it('that is busy is asked again by its client', async () => {
    kms.faults.push([400, 'ThrottlingException'], [500, 'KMSInternalException']);
    await sealOn().seal(root(), 'k1');
    expect(kms.requests).toHaveLength(3);
  });

  it.each([
    ['AccessDeniedException', 'is refused: the role needs kms:Encrypt and kms:Decrypt on this key'],
    ['DisabledException', 'names a key that is disabled: enable it'],
    ['IncorrectKeyException', 'is not the key that the file was sealed with'],
    ['KMSInvalidStateException', 'names a key that can not be used now: is it waiting to be deleted?'],
    ['UnrecognizedClientException', 'is refused: the credentials are not valid'],
    ['ExpiredTokenException', 'is refused: the credentials have expired'],
  ])('that answers %s is not asked again', async (type, message) => {
    kms.faults.push([400, type]);
    await expect(sealOn().seal(root(), 'k1')).rejects.toMatchObject({
      code: 'config_invalid',
      message: `VAULT_KMS_KEY_ID ${message}`,
    });
    expect(kms.requests).toHaveLength(1);
  });

  it('with no such key says so', async () => {
    await expect(sealOn({ keyId: 'alias/other' }).seal(root(), 'k1')).rejects.toMatchObject({
      message: 'VAULT_KMS_KEY_ID names no key in this account and region',
    });
  });

  it('that does not answer is told from one that refuses', async () => {
    await expect(sealOn({ endpoint: 'http://127.0.0.1:1' }).seal(root(), 'k1')).rejects.toMatchObject({
      code: 'vault_unavailable',
      message: expect.stringMatching(/^VAULT_KMS_KEY_ID: no answer from AWS KMS \(.+\)/),
    });
  });

  it('without credentials says so', async () => {
    const credentials = () =>
      Promise.reject(Object.assign(new Error(), { name: 'CredentialsProviderError' }));
    const { endpoint, keyId } = kms;
    const seal = new KmsSeal({ keyId, client: { region: 'eu-west-3', endpoint, credentials } });
    await expect(seal.seal(root(), 'k1')).rejects.toMatchObject({
      code: 'config_invalid',
      message: 'VAULT_KMS_KEY_ID can not be used: there are no AWS credentials here',
    });
    expect(kms.requests).toEqual([]);
  });

  it.each(['http://localhost:1', 'http://[::1]:1', 'https://127.0.0.1:1'])(
    'may be asked at %s, where nobody listens',
    async (endpoint) => {
      await expect(sealOn({ endpoint }).seal(root(), 'k1')).rejects.toMatchObject({
        code: 'vault_unavailable',
      });
    },
  );

  it('is sent nothing in clear beyond this machine', async () => {
    await expect(sealOn({ endpoint: 'http://kms.example.com' }).seal(root(), 'k1')).rejects.toMatchObject({
      code: 'config_invalid',
      message: 'VAULT_KMS_KEY_ID: the endpoint of AWS KMS is not https',
    });
  });
});
