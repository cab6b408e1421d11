import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/** A request that came in. */
export interface TransitRequest {
  path: string;
  body: Record<string, string>;
}

/**
 * The Transit engine of OpenBao and HashiCorp Vault, as far as their HTTP API documents `encrypt` and `decrypt` of an
 * `aes256-gcm96` key: `X-Vault-Token`, base64 members, `vault:vN:` ciphertexts, errors as `{"errors": […]}`.
 */
export interface TransitServer {
  /** Of the key `tonewall`. */
  readonly keyUrl: string;
  readonly requests: TransitRequest[];
  token: string;
  /** Answers the next requests so, one each, instead of its own answer; 0 hangs up, -1 never answers. */
  readonly faults: number[];
  /** Bytes of the next answer, whatever was asked. */
  answer: string | null;
  /** The engine's own rotation: new ciphertexts are of a new version, old ones still open. */
  rotate(): void;
  close(): Promise<void>;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export async function startTransitServer(): Promise<TransitServer> {
  const keys = [randomBytes(32)];
  const requests: TransitRequest[] = [];
  const faults: number[] = [];

  const encrypt = ({ plaintext = '', associated_data = '' }: Record<string, string>): object | null => {
    if (!isBase64(plaintext) || !isBase64(associated_data)) return null;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', keys.at(-1) ?? '', nonce);
    cipher.setAAD(Buffer.from(associated_data, 'base64'));
    const sealed = [nonce, cipher.update(plaintext, 'base64'), cipher.final(), cipher.getAuthTag()];
    const ciphertext = `vault:v${keys.length}:${Buffer.concat(sealed).toString('base64')}`;
    return { ciphertext, key_version: keys.length };
  };
  const decrypt = ({ ciphertext = '', associated_data = '' }: Record<string, string>): object | null => {
    const [, version = '', base64 = ''] = /^vault:v(\d+):(.+)$/.exec(ciphertext) ?? [];
    const key = keys[Number(version) - 1];
    if (key === undefined) return null;
    const bytes = Buffer.from(base64, 'base64');
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES));
    decipher.setAAD(Buffer.from(associated_data, 'base64')).setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const opened = [decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()];
      return { plaintext: Buffer.concat(opened).toString('base64') };
    } catch {
      return null;
    }
  };

  const answerTo = async (request: IncomingMessage): Promise<[number, unknown]> => {
    const path = request.url ?? '';
    const body = JSON.parse((await text(request)) || '{}') as Record<string, string>;
    requests.push({ path, body });
    const fault = faults.shift();
    if (fault !== undefined) return [fault, { errors: ['a fault'] }];
    if (request.headers['x-vault-token'] !== transit.token) return [403, { errors: ['permission denied'] }];
    const [, action = ''] = /^\/v1\/transit\/(encrypt|decrypt)\/tonewall$/.exec(path) ?? [];
    if (request.method !== 'POST' || action === '') return [404, { errors: [] }];
    const data = action === 'encrypt' ? encrypt(body) : decrypt(body);
    if (data === null) return [400, { errors: ['cipher: message authentication failed'] }];
    return [200, { request_id: randomBytes(8).toString('hex'), lease_id: '', data, warnings: null }];
  };

  const server: Server = createServer((request, response) => {
    void answerTo(request).then(([status, body]) => {
      if (status === 0) return request.socket.destroy();
      if (status < 0) return undefined;
      response.writeHead(status, { 'content-type': 'application/json' });
      return response.end(transit.answer ?? JSON.stringify(body));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  const transit: TransitServer = {
    keyUrl: `http://127.0.0.1:${port}/v1/transit/keys/tonewall`,
    requests,
    token: 'hvs.for-tests',
    faults,
    answer: null,
    rotate: () => void keys.push(randomBytes(32)),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return transit;
}

function isBase64(text: string): boolean {
  return Buffer.from(text, 'base64').toString('base64') === text;
}
