import { createHash, createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificate } from './certificate.js';
import { StripeAccount, type StripeAnswer } from './stripe-account.js';
import { event } from './stripe-objects.js';

/** What goes wrong with the next request that can move money or holds a card. */
export type StripeFault =
  | 'took_then_silent'
  | 'took_then_500'
  | 'took_then_cut'
  | 'took_then_garbage'
  | 'took_then_huge'
  | 'nothing_then_500'
  | 'nothing_then_429'
  | 'nothing_then_409'
  | 'echo'
  | 'raw_cards_off'
  | 'answers_twice';

interface Kept {
  request: string;
  answer: StripeAnswer;
}

const MOVES_MONEY = /\/(confirm|capture)$|^refunds$/;
const SERVER_ERROR = { status: 500, body: { error: { type: 'api_error', message: 'Sorry!' } } };

/**
 * Stripe on this machine: real HTTPS, bearer key, idempotency keys, signed webhooks, and faults. Its objects have
 * Stripe's members; its cards are Stripe's published test cards.
 */
export class StripeSimulator {
  readonly secretKey = 'sk_test_simulatedStripeAccount';
  readonly webhookSecret = 'whsec_simulatedStripeEndpoint';
  readonly account = new StripeAccount();
  /** Every request as `POST payment_intents`, with its parameters. */
  readonly requests: { what: string; key: string | undefined; params: Record<string, string> }[] = [];
  /** Told when a request was taken and will have no answer: a test need not wait for a time-out to know it. */
  onSilence: () => void = () => {};
  /** What is answered instead. */
  onAnswer: (answer: StripeAnswer) => StripeAnswer = (answer) => answer;
  readonly #server: Server;
  readonly #folder: string;
  readonly #kept = new Map<string, Kept>();
  readonly ca: string;
  #fault: StripeFault | null = null;
  #events = 0;

  private constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), 'tonewall-stripe-'));
    const { ca, keyFile } = makeCertificate(this.#folder);
    this.ca = ca;
    this.#server = createServer({ cert: ca, key: readFileSync(keyFile) }, (request, response) => {
      void this.#serve(request, response);
    });
  }

  static async start(): Promise<StripeSimulator> {
    const simulator = new StripeSimulator();
    await new Promise<void>((resolve) => simulator.#server.listen(0, '127.0.0.1', resolve));
    return simulator;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  next(fault: StripeFault): void {
    this.#fault = fault;
  }

  /** What a webhook endpoint gets: bytes, and the header that signs them. */
  notice(type: string, object: unknown, atMs: number, id = `evt_${++this.#events}sim`) {
    const body = Buffer.from(JSON.stringify(event(id, type, object)));
    const time = Math.floor(atMs / 1_000);
    const v1 = createHmac('sha256', this.webhookSecret).update(`${time}.`).update(body).digest('hex');
    return { body, headers: { 'stripe-signature': `t=${time},v1=${v1}` } };
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
    rmSync(this.#folder, { recursive: true });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const form = Buffer.concat(chunks).toString();
    const url = new URL(request.url ?? '', this.url);
    const path = url.pathname.replace('/v1/', '');
    const params = new Map([...url.searchParams, ...new URLSearchParams(form)]);
    const key = request.headers['idempotency-key'] as string | undefined;
    this.requests.push({ what: `${request.method} ${path}`, key, params: Object.fromEntries(params) });
    if (request.headers.authorization !== `Bearer ${this.secretKey}`) {
      const error = { type: 'invalid_request_error', message: 'Invalid API Key provided: sk_test_****' };
      send(response, { status: 401, body: { error } });
      return;
    }
    const fault = MOVES_MONEY.test(path) && request.method === 'POST' ? this.#fault : null;
    if (fault !== null) this.#fault = null;
    const early = refusedBy(fault, params);
    if (early !== null) {
      send(response, early);
      return;
    }
    this.account.switchedOn.rawCards = fault !== 'raw_cards_off';
    const asked = new URLSearchParams([...params]);
    asked.sort();
    const answer = this.#once(key, `${path}?${asked.toString()}`, () =>
      this.account.answer(request.method ?? '', path, params),
    );
    if (fault === 'took_then_silent') this.onSilence();
    else answerWith(fault, this.onAnswer(answer), response);
  }

  /** The first answer again, for the same key. */
  #once(key: string | undefined, request: string, make: () => StripeAnswer): StripeAnswer {
    if (key === undefined) return make();
    const digest = createHash('sha256').update(request).digest('hex');
    const kept = this.#kept.get(key);
    if (kept === undefined) {
      const answer = structuredClone(make());
      this.#kept.set(key, { request: digest, answer });
      return answer;
    }
    if (kept.request === digest) return kept.answer;
    const message = 'Keys for idempotent requests can only be used with the same parameters.';
    return { status: 400, body: { error: { type: 'idempotency_error', message } } };
  }
}

function refusedBy(fault: StripeFault | null, params: ReadonlyMap<string, string>): StripeAnswer | null {
  const number = params.get('payment_method_data[card][number]') ?? '';
  const code = params.get('payment_method_data[card][cvc]') ?? '';
  const refused = (status: number, error: Record<string, string>) => ({ status, body: { error } });
  switch (fault) {
    case 'nothing_then_500':
      return SERVER_ERROR;
    case 'nothing_then_429':
      return refused(429, {
        type: 'invalid_request_error',
        code: 'rate_limit',
        message: 'Too many requests',
      });
    case 'nothing_then_409':
      return refused(409, { type: 'idempotency_error', code: 'idempotency_key_in_use', message: 'In use' });
    case 'echo':
      return refused(402, {
        type: 'card_error',
        code: `declined_${number}_${code}`,
        decline_code: `declined_${number}_${code}`,
        message: `The card ${number.replaceAll(/(\d{4})/g, '$1 ')} with code ${code} was declined.`,
      });
    default:
      return null;
  }
}

function answerWith(fault: StripeFault | null, answer: StripeAnswer, response: ServerResponse): void {
  switch (fault) {
    case 'took_then_500':
      send(response, SERVER_ERROR);
      return;
    case 'took_then_cut':
      response.socket?.destroy();
      return;
    case 'took_then_garbage':
      response.end('<html>An error occurred.</html>');
      return;
    case 'took_then_huge':
      response.end(`{"object":"${'x'.repeat(1_000_000)}"}`);
      return;
    case 'answers_twice': {
      const { socket } = response;
      const text = JSON.stringify(answer.body);
      const once = `HTTP/1.1 ${answer.status} OK\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
      socket?.end(once + once);
      return;
    }
    default:
      send(response, answer);
  }
}

function send(response: ServerResponse, { status, body }: StripeAnswer): void {
  response.writeHead(status, { 'content-type': 'application/json', 'request-id': 'req_simulated' });
  response.end(JSON.stringify(body, null, 2));
}
