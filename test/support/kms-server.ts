import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface KmsRequest {
  target: string;
  body: KmsBody;
}

interface KmsBody {
  KeyId?: string;
  Plaintext?: string;
  CiphertextBlob?: string;
  EncryptionContext?: Record<string, string>;
}

/**
 * AWS KMS, as far as its API documents Encrypt and Decrypt of a symmetric key: JSON 1.1 with `X-Amz-Target`, signed
 * requests, base64 blobs, errors by `__type`. A signature is looked for, and not checked.
 */
export interface KmsServer {
  readonly endpoint: string;
  readonly keyId: string;
  readonly requests: KmsRequest[];
  /** Answers the next requests with these errors, one each: status and type. */
  readonly faults: [number, string][];
  close(): Promise<void>;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export async function startKmsServer(): Promise<KmsServer> {
  const key = randomBytes(32);
  const keyId = 'arn:aws:kms:eu-west-3:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
  const requests: KmsRequest[] = [];
  const faults: [number, string][] = [];

  const encrypt = ({ Plaintext = '', EncryptionContext = {} }: KmsBody): object => {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(contextOf(EncryptionContext));
    const sealed = [nonce, cipher.update(Plaintext, 'base64'), cipher.final(), cipher.getAuthTag()];
    return { CiphertextBlob: Buffer.concat(sealed).toString('base64') };
  };
  const decrypt = ({ CiphertextBlob = '', EncryptionContext = {} }: KmsBody): object | null => {
    const bytes = Buffer.from(CiphertextBlob, 'base64');
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES));
    decipher.setAAD(contextOf(EncryptionContext)).setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const opened = [decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()];
      return { Plaintext: Buffer.concat(opened).toString('base64') };
    } catch {
      return null;
    }
  };

  const answerTo = async (request: IncomingMessage): Promise<[number, object]> => {
    const target = String(request.headers['x-amz-target']);
    const body = JSON.parse(await text(request)) as KmsBody;
    requests.push({ target, body });
    const fault = faults.shift();
    if (fault !== undefined) return [fault[0], { __type: fault[1], message: 'a fault' }];
    if (!String(request.headers.authorization).startsWith('AWS4-HMAC-SHA256 Credential=')) {
      return [400, { __type: 'MissingAuthenticationTokenException' }];
    }
    if (body.KeyId !== keyId) return [400, { __type: 'NotFoundException', message: 'no such key' }];
    const done = target === 'TrentService.Encrypt' ? encrypt(body) : decrypt(body);
    if (done === null) return [400, { __type: 'InvalidCiphertextException' }];
    return [200, { ...done, KeyId: keyId, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' }];
  };

  const server = createServer((request, response) => {
    void answerTo(request).then(([status, body]) =>
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body)),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    ...{ endpoint: `http://127.0.0.1:${port}`, keyId, requests, faults },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The context is authenticated, whatever the order of its members. */
function contextOf(context: Record<string, string>): Buffer {
  return Buffer.from(
    JSON.stringify(
      Object.keys(context)
        .toSorted()
        .map((name) => [name, context[name]]),
    ),
  );
}
