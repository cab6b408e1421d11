import { createHmac, timingSafeEqual } from 'node:crypto';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { isTestNumber } from '../../card/test-numbers.js';
import type { Clock } from '../../clock.js';
import { newId } from '../../id.js';
import { Acquirer } from './acquirer.js';
import { AmountFaults } from './amount-faults.js';
import type { CardForm } from './card-form.js';
import { makeCertificate } from './certificate.js';
import { ControlDoor } from './control-door.js';
import { deliver } from './delivery.js';
import { FaultPlan } from './fault.js';
import { readForm } from './form-reader.js';
import { HostedPages } from './hosted-pages.js';
import type { Ledger } from './ledger.js';
import { Notices, type SignedNotice } from './notices.js';
import { PageDoor } from './page-door.js';
import type { Order } from './payment.js';
import { ProviderApi, refusal, type ApiCall } from './provider-api.js';

export interface SimulatedProviderOptions {
  /** The bearer secret that customers show. */
  secret: string;
  /** `whsec_…` and where webhooks go; null: nowhere. */
  webhookSecret: string;
  webhookUrl: string | null;
  clock: Clock;
  /** Of the API and of the pages; 0 finds a free one. */
  port?: number;
  pagesPort?: number;
  /** How long what is slow, or late, takes; three seconds where left out. */
  slowMs?: number;
  /** How long the acquirer takes to answer a page; one and a half seconds where left out. */
  acquirerMs?: number;
  /** Which numbers (digits as bytes 0–9) are taken; published test numbers where left out. */
  takes?: (number: Uint8Array) => boolean;
}

const SLOW_MS = 3_000;
const ACQUIRER_MS = 1_500;
const HOST = '127.0.0.1';

/**
 * A payment provider in a box: an API over HTTPS with a certificate of its own making, a page for payers over plain
 * HTTP (browsers trust this machine, but not that certificate), signed webhooks, and a ledger of all money that moved.
 * No number or code is kept, or becomes a string.
 */
export class SimulatedProvider {
  readonly faults = new FaultPlan();
  readonly notices: Notices;
  readonly #acquirer = new Acquirer();
  readonly #pages: HostedPages;
  readonly #api: ProviderApi;
  readonly #control: ControlDoor;
  readonly #secret: Buffer;
  readonly #clock: Clock;
  readonly #slowMs: number;
  readonly #ca: string;
  readonly #server: Server;
  readonly #pagesServer: Server;
  readonly #sockets = new Set<Socket>();
  readonly #amountFaults = new AmountFaults();

  private constructor(options: SimulatedProviderOptions) {
    const { clock, secret, webhookSecret, webhookUrl, takes = isTestNumber, slowMs = SLOW_MS } = options;
    const { acquirerMs = ACQUIRER_MS } = options;
    const acquirer = this.#acquirer;
    this.#clock = clock;
    this.#secret = Buffer.from(`Bearer ${secret}`);
    this.notices = new Notices({ url: webhookUrl, secret: webhookSecret, clock });
    const urlOf = (key: string): string => `${this.pagesUrl}/pay/${key}`;
    // Of the secret: cards are known again when the provider is started anew.
    const fingerprintKey = createHmac('sha256', secret).update('card fingerprints').digest();
    const cards = { acquirer, clock, takes, fingerprintKey };
    this.#pages = new HostedPages({ ...cards, notices: this.notices, urlOf, slowMs, acquirerMs });
    this.#api = new ProviderApi({ ...cards, pages: this.#pages, slowMs });
    this.#slowMs = slowMs;
    const refund = (reference: string, amount: number): boolean =>
      this.refundInConsole(reference, amount) !== null;
    this.#control = new ControlDoor({ faults: this.faults, ledger: acquirer.ledger, refund });
    const { cert, key } = makeCertificate(clock.now());
    this.#ca = cert;
    this.#server = createTlsServer({ cert, key }, this.#serveApi);
    this.#server.on('secureConnection', (socket: Socket) => this.#admit(socket));
    this.#pagesServer = createServer(new PageDoor(this.#pages).serve);
    this.#pagesServer.on('connection', (socket: Socket) => this.#admit(socket));
  }

  /** Resolves once both ports are open. */
  static async start(options: SimulatedProviderOptions): Promise<SimulatedProvider> {
    const provider = new SimulatedProvider(options);
    await listen(provider.#server, options.port ?? 0);
    await listen(provider.#pagesServer, options.pagesPort ?? 0);
    return provider;
  }

  get url(): string {
    return `https://${HOST}:${(this.#server.address() as AddressInfo).port}`;
  }

  get pagesUrl(): string {
    return `http://${HOST}:${(this.#pagesServer.address() as AddressInfo).port}`;
  }

  /** PEM of who signed its certificate: itself. */
  get ca(): string {
    return this.#ca;
  }

  get ledger(): Ledger {
    return this.#acquirer.ledger;
  }

  /** Names of the cards that it keeps. */
  get storedCards(): readonly string[] {
    return this.#acquirer.storedCards;
  }

  /** What was asked for under this reference. */
  orderOf(reference: string): Order | null {
    return this.#acquirer.payment({ id: null, reference })?.order ?? null;
  }

  /** A webhook about a payment, truly signed, as it would be sent now; null when there is no such payment. */
  noticeOf(reference: string): SignedNotice | null {
    const payment = this.#acquirer.payment({ id: null, reference });
    return payment === null ? null : this.notices.sign('payment.updated', payment);
  }

  /**
   * Somebody gives money back in the provider's own console. Gives the webhook that tells of it, which is sent; null when
   * there is no such payment, or less left of it.
   */
  refundInConsole(reference: string, amount: number): SignedNotice | null {
    const payment = this.#acquirer.payment({ id: null, reference });
    const refund = payment && this.#acquirer.refund(newId('ref_'), payment, amount);
    if (refund === null || typeof refund === 'string') return null;
    void this.notices.tell('refund.updated', refund.payment, null);
    return this.notices.sign('refund.updated', refund.payment);
  }

  async close(): Promise<void> {
    this.notices.close();
    const closed = [this.#server, this.#pagesServer].map(
      (server) => new Promise<void>((resolve) => void server.close(() => resolve())),
    );
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
  }

  /** Wipes what was read once it has been parsed: an own reader keeps the parser from a buffer of its own. */
  #admit(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => chunk.fill(0));
  }

  readonly #serveApi: RequestListener = (request, response) => {
    void this.#answer(request, response);
  };

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { url = '', method = '' } = request;
    const [path = '', query = ''] = url.split('?', 2);
    const body = await readForm(request, query);
    const say = (status: number, code: string, message: string): void =>
      send(response, status, { error: { code, message } });
    if (body === null) return say(400, 'malformed', 'send a form of 16 KiB at most');
    try {
      if (!this.#knows(request)) return say(401, 'unauthorized', 'no such secret');
      if (this.#control.serve(path, method, body.fields, response)) return;
      const call = this.#api.route(method, path);
      if (call === null) return send(response, 404, refusal('absent').body);
      await this.#deliver(call, path, body, response);
    } finally {
      body.wipe();
    }
  }

  #deliver(call: ApiCall, path: string, form: CardForm, response: ServerResponse): Promise<void> {
    const fault = this.faults.take(call.verb) ?? this.#amountFaults.take(call.verb, form.fields);
    const act = async () => this.#api.answer(call, path, form, fault);
    const lateMs = this.#slowMs;
    return deliver({ response, form, fault, act, notices: this.notices, clock: this.#clock, lateMs });
  }

  #knows({ headers }: IncomingMessage): boolean {
    const shown = Buffer.from(headers.authorization ?? '');
    return shown.length === this.#secret.length && timingSafeEqual(shown, this.#secret);
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, () => resolve());
  });
}
