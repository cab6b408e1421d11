import { randomUUID } from 'node:crypto';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Clock } from '../../clock.js';
import { codeOf } from '../../errors.js';
import { CarrierFault, type FaultCode } from './debugger.js';
import { signatureOf } from './signature.js';
import type { SimulatorSettings } from './simulator-settings.js';

export interface WebhookAnswer {
  contentType: string;
  body: string;
}

export interface WebhookOptions {
  authToken: string;
  clock: Clock;
  /** PEM of an authority to trust besides the usual ones. */
  ca?: string;
}

export type Method = 'GET' | 'POST';

const MAX_ANSWER_BYTES = 64 * 1024;

/** Limits that a URL may carry in its fragment (`#rc=2&rp=all&ct=2000`), in ms and times: minimum, maximum, default. */
const LIMITS = {
  ct: [100, 10_000, 5000],
  rt: [100, 15_000, 15_000],
  tt: [100, 15_000, 15_000],
  rc: [0, 5, 1],
} as const;

/** Node's error codes that mean that no connection came about. */
const NO_CONNECTION = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'CONNECT_TIMEOUT']);
const NO_HOST = new Set(['ENOTFOUND', 'EAI_AGAIN']);

/** Requests to the customer's webhooks, signed, with the carrier's time limits and retries. */
export class WebhookSender {
  readonly #options: WebhookOptions;

  constructor(options: WebhookOptions) {
    this.#options = options;
  }

  /** Resolves with an answer of status 2xx. Rejects with CarrierFault for anything else, after the retries. */
  async send(
    url: string,
    method: Method,
    parameters: URLSearchParams,
    settings: Pick<SimulatorSettings, 'signature'>,
  ): Promise<WebhookAnswer> {
    const [base = '', fragment = ''] = url.split('#', 2);
    const overrides = new URLSearchParams(fragment);
    const limit = (name: keyof typeof LIMITS) => {
      const [low, high, usual] = LIMITS[name];
      const given = Number(overrides.get(name) ?? usual);
      return Number.isFinite(given) ? Math.min(Math.max(given, low), high) : usual;
    };
    const policy = new Set((overrides.get('rp') ?? 'ct').split(','));
    const until = AbortSignal.timeout(limit('tt'));
    const headers = { 'I-Twilio-Idempotency-Token': randomUUID() };
    for (let left = limit('rc'); ; left--) {
      try {
        return await this.#attempt(base, method, parameters, {
          headers,
          signature: settings.signature,
          connectMs: limit('ct'),
          readMs: limit('rt'),
          until,
        });
      } catch (error) {
        const { fault, kind } = error as Failure;
        if (left === 0 || until.aborted || !(policy.has(kind) || policy.has('all'))) throw fault;
      }
    }
  }

  #attempt(
    url: string,
    method: Method,
    parameters: URLSearchParams,
    limits: Attempt,
  ): Promise<WebhookAnswer> {
    const target = method === 'GET' ? withQuery(url, parameters) : url;
    const form = method === 'GET' ? new URLSearchParams() : parameters;
    const headers: Record<string, string> = {
      ...limits.headers,
      'User-Agent': 'TwilioProxy/1.1',
      Accept: '*/*',
      ...(method === 'POST' && { 'Content-Type': 'application/x-www-form-urlencoded; charset=UTF-8' }),
    };
    if (limits.signature !== 'missing') {
      const token = limits.signature === 'wrong' ? `${this.#options.authToken}!` : this.#options.authToken;
      headers['X-Twilio-Signature'] = signatureOf(token, target, form);
    }
    return new Promise((resolve, reject) => {
      const fail = (code: FaultCode, kind: RetryKind) =>
        reject({ fault: new CarrierFault(code, url), kind } satisfies Failure);
      const send = target.startsWith('https:') ? httpsRequest : httpRequest;
      const request = send(target, {
        method,
        headers,
        signal: limits.until,
        ...(this.#options.ca !== undefined && { ca: this.#options.ca }),
      });
      const connected = this.#options.clock.after(limits.connectMs, () =>
        request.destroy(Object.assign(new Error('connect timeout'), { code: 'CONNECT_TIMEOUT' })),
      );
      request.on('socket', (socket) => {
        if (socket.connecting) socket.once('connect', connected);
        else connected();
      });
      request.setTimeout(limits.readMs, () => request.destroy());
      request.on('error', (error) => {
        connected();
        const code = codeOf(error);
        if (NO_HOST.has(code)) fail(11210, 'ct');
        else if (NO_CONNECTION.has(code)) fail(11205, 'ct');
        else fail(11200, 'rt');
      });
      request.on('response', (response) => {
        const status = response.statusCode ?? 0;
        if (status >= 300) {
          response.resume();
          fail(11200, status >= 500 ? '5xx' : '4xx');
          return;
        }
        read(response).then(resolve, (error: unknown) =>
          fail(error instanceof CarrierFault ? error.code : 11200, 'rt'),
        );
      });
      request.end(method === 'POST' ? form.toString() : undefined);
    });
  }
}

type RetryKind = 'ct' | 'rt' | '4xx' | '5xx';

interface Failure {
  fault: CarrierFault;
  kind: RetryKind;
}

interface Attempt {
  headers: Readonly<Record<string, string>>;
  signature: SimulatorSettings['signature'];
  connectMs: number;
  readMs: number;
  until: AbortSignal;
}

async function read(response: IncomingMessage): Promise<WebhookAnswer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) throw new CarrierFault(11750);
    chunks.push(chunk);
  }
  return {
    contentType: response.headers['content-type'] ?? '',
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

function withQuery(url: string, parameters: URLSearchParams): string {
  return `${url}${url.includes('?') ? '&' : '?'}${parameters.toString()}`;
}
