import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { AppError, codeOf } from '../errors.js';
import { Secret } from '../secret.js';
import { decodeSecret, encodeSecret } from './secret-base64.js';
import { readPrivate, type PrivateFile } from './private-file.js';
import type { RootSeal } from './root-seal.js';
import { BLANKED, parseQuietly, takeSecrets } from './secret-json.js';

export interface TransitSealOptions {
  /** The address of the key: `https://bao.example.com:8200/v1/transit/keys/tonewall`. */
  keyUrl: string;
  /** A file with a token that may `encrypt` and `decrypt` with that key, read anew for every request. */
  tokenFile: string;
  timeoutMs?: number;
  /** Before the second attempt; twice that before the third. */
  pauseMs?: number;
}

const TIMEOUT_MS = 5_000;
const PAUSE_MS = 300;
const ATTEMPTS = 3;
const MAX_ANSWER_BYTES = 65_536;
/** What Transit makes of 32 bytes: `vault:v1:` and base64. OpenBao writes the same prefix. */
const CIPHERTEXT = /^vault:v\d{1,9}:[A-Za-z0-9+/=]{40,400}$/;

const encrypted = z.object({ data: z.object({ ciphertext: z.string().regex(CIPHERTEXT) }) });
const decrypted = z.object({ data: z.object({ plaintext: z.string().regex(BLANKED) }) });

/** What an answer's status means; any other one of 500 and more is tried again. */
const REFUSALS: Readonly<Record<number, string>> = {
  400: 'does not open the key file: it is another key, its version was taken away, or the file is damaged',
  403: 'is refused: the token of VAULT_TRANSIT_TOKEN_FILE has expired, or may not encrypt and decrypt with it',
  404: 'names no Transit key: its form is https://HOST/v1/transit/keys/NAME',
};

/**
 * Seals roots with a key of the Transit engine of OpenBao or HashiCorp Vault: `encrypt` and `decrypt` with associated
 * data, so the key is of an AEAD type (`aes256-gcm96`, which is Transit's own choice). A root crosses the wire as
 * bytes; requests and answers are zeroed.
 */
export class TransitSeal implements RootSeal {
  readonly name = 'transit';
  readonly #options: TransitSealOptions;
  readonly #token: PrivateFile;

  constructor(options: TransitSealOptions) {
    this.#options = options;
    const missing = 'have your agent of OpenBao or Vault write a token there';
    this.#token = { path: options.tokenFile, setting: 'VAULT_TRANSIT_TOKEN_FILE', missing };
  }

  async seal(root: Secret, label: string): Promise<Secret> {
    const plaintext = encodeSecret(root);
    const body = jsonOf({ associated_data: base64(label) }, 'plaintext', plaintext);
    plaintext.wipe();
    return this.#ask('encrypt', body, (answer) => {
      const read = encrypted.safeParse(parseQuietly(answer.toString('utf8')));
      return read.success ? Secret.of(Buffer.from(read.data.data.ciphertext)) : null;
    });
  }

  async open(sealed: Secret, label: string): Promise<Secret> {
    const ciphertext = Buffer.from(sealed.reveal()).toString('latin1');
    if (!CIPHERTEXT.test(ciphertext)) throw invalid(REFUSALS[400] ?? '');
    const body = Buffer.from(JSON.stringify({ associated_data: base64(label), ciphertext }));
    return this.#ask('decrypt', body, (answer) => {
      const [text, ...others] = takeSecrets(answer, 'plaintext') ?? [];
      try {
        const read = decrypted.safeParse(parseQuietly(answer.toString('utf8')));
        return read.success && text !== undefined && others.length === 0 ? decodeSecret(text) : null;
      } finally {
        text?.wipe();
      }
    });
  }

  /** Asks until there is an answer that means something. `read` gives null for one that does not; the body is zeroed. */
  async #ask(
    action: 'encrypt' | 'decrypt',
    body: Buffer,
    read: (answer: Buffer) => Secret | null,
  ): Promise<Secret> {
    try {
      for (let attempt = 1; ; attempt++) {
        const { status, bytes } = await this.#send(action, body);
        const result = status === 200 ? read(bytes) : null;
        bytes.fill(0);
        if (result !== null) return result;
        const refusal = REFUSALS[status];
        if (refusal !== undefined) throw invalid(refusal);
        if (attempt === ATTEMPTS) throw unanswered(status);
        await sleep((this.#options.pauseMs ?? PAUSE_MS) * attempt);
      }
    } finally {
      body.fill(0);
    }
  }

  /** The status, 0 when there was no answer, and what was answered. */
  async #send(action: string, body: Buffer): Promise<{ status: number; bytes: Buffer }> {
    const url = new URL(this.#options.keyUrl);
    // The name of the key is last, and `keys` before it.
    url.pathname = url.pathname.replace(/\/keys\/([^/]+)$/, `/${action}/$1`);
    const options = {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'content-length': body.length,
        'x-vault-request': 'true',
        'x-vault-token': await this.#readToken(),
      },
      agent: false as const,
      signal: AbortSignal.timeout(this.#options.timeoutMs ?? TIMEOUT_MS),
    };
    const send = url.protocol === 'https:' ? tlsRequest : plainRequest;
    try {
      return await new Promise((resolve, reject) => {
        send(url, options, (response) => void bytesOf(response).then(resolve, reject))
          .on('error', reject)
          .end(body);
      });
    } catch (error) {
      // Its message may quote the address; a certificate that is not trusted will not be so the next time either.
      const code = codeOf(error);
      if (/CERT|SELF_SIGNED|VERIFY|ISSUER/.test(code)) {
        throw invalid(`has a certificate that is not trusted (${code}): name its CA in NODE_EXTRA_CA_CERTS`);
      }
      return { status: 0, bytes: Buffer.alloc(0) };
    }
  }

  async #readToken(): Promise<string> {
    const bytes = await readPrivate(this.#token);
    const token = bytes.toString('latin1').trim();
    bytes.fill(0);
    if (/^[\x21-\x7e]{1,4096}$/.test(token)) return token;
    throw new AppError('config_invalid', 'VAULT_TRANSIT_TOKEN_FILE holds no token');
  }
}

async function bytesOf(response: IncomingMessage): Promise<{ status: number; bytes: Buffer }> {
  const bytes = Buffer.from(new ArrayBuffer(MAX_ANSWER_BYTES));
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    if (length + chunk.length > bytes.length) {
      bytes.fill(0);
      throw new AppError('vault_unavailable', 'an answer of Transit is too long');
    }
    length += chunk.copy(bytes, length);
    chunk.fill(0);
  }
  return { status: response.statusCode ?? 0, bytes: bytes.subarray(0, length) };
}

/** A JSON object, one of whose members is a secret that never is a string. */
function jsonOf(members: Record<string, string>, name: string, secret: Secret): Buffer {
  const head = `${JSON.stringify(members).slice(0, -1)},"${name}":"`;
  const bytes = Buffer.from(new ArrayBuffer(head.length + secret.length + 128));
  let length = bytes.write(head);
  bytes.set(secret.reveal(), length);
  length += secret.length;
  length += bytes.write('"}', length);
  return bytes.subarray(0, length);
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function invalid(what: string): AppError {
  return new AppError('config_invalid', `VAULT_TRANSIT_KEY_URL ${what}`);
}

function unanswered(status: number): AppError {
  const what = status === 0 ? 'no answer' : `status ${status}`;
  return new AppError(
    'vault_unavailable',
    `VAULT_TRANSIT_KEY_URL: ${what} from Transit; is it up, and unsealed?`,
  );
}
