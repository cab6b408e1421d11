import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../clock.js';
import { MINOR_UNITS } from '../currency.js';
import { AppError } from '../errors.js';
import { blankCard } from './card-echo.js';
import { formBody } from './form-body.js';
import { ProviderWire, type Reply } from './provider-wire.js';
import {
  ABILITIES,
  type Ability,
  type AuthorizeRequest,
  type CardRequest,
  type Found,
  type HostedPage,
  type Money,
  type Outcome,
  type PageRequest,
  type PaymentName,
  type Psp,
  type PspNotice,
  type RefundOutcome,
  type RefundRequest,
  type Tokenized,
} from './psp.js';
import { foundOf, outcomeOf, readPayment, readRefund, unavailable } from './simulated-answer.js';
import { readSimulatedWebhook } from './simulated-webhook.js';

export interface SimulatedPspOptions {
  /** `https:`, of its API. */
  url: string;
  secret: string;
  /** PEM of who signed its certificate. */
  ca: string;
  /** `whsec_…`; more than one while they are rotated. */
  webhookSecrets: readonly string[];
  clock: Clock;
  timeoutMs?: number;
  /** What this account may do; everything, where left out. */
  abilities?: readonly Ability[];
}

type Fields = Readonly<Record<string, string | number | boolean | null>>;

const TIMEOUT_MS = 20_000;
/** What the provider takes; twelve digits. */
const MOST = 999_999_999_999;

/** The simulated provider, as its customer sees it. */
export class SimulatedPsp implements Psp {
  readonly name = 'simulated';
  readonly abilities: ReadonlySet<Ability>;
  readonly #options: SimulatedPspOptions;
  readonly #wire: ProviderWire;

  constructor(options: SimulatedPspOptions) {
    const { url, ca, clock, timeoutMs = TIMEOUT_MS } = options;
    this.abilities = new Set(options.abilities ?? ABILITIES);
    this.#options = options;
    this.#wire = new ProviderWire({ origin: new URL(url), ca, clock, timeoutMs });
  }

  bounds(currency: string): { least: number; most: number; step: number } | null {
    return MINOR_UNITS.has(currency) ? { least: 1, most: MOST, step: 1 } : null;
  }

  async verify(request: CardRequest): Promise<Outcome> {
    this.#mustBeAble('verify');
    const reply = await this.#sendCard('/v1/verifications', {}, request);
    return outcomeOf(readPayment(reply, request.reference));
  }

  async authorize(request: AuthorizeRequest): Promise<Outcome> {
    if (!request.capture) this.#mustBeAble('authorize_only');
    if (request.network !== null) this.#mustBeAble('choose_network');
    const fields = {
      ...request.money,
      capture: request.capture,
      unattended: request.unattended,
      network_transaction_id: request.networkTransactionId,
      network: request.network,
      description: request.description,
    };
    return outcomeOf(readPayment(await this.#sendCard('/v1/payments', fields, request), request.reference));
  }

  async tokenize(request: CardRequest): Promise<Tokenized> {
    this.#mustBeAble('tokenize');
    const reply = await this.#sendCard('/v1/registrations', {}, request);
    const outcome = outcomeOf(readPayment(reply, request.reference));
    if (outcome.status !== 'approved') return outcome;
    const { stored, providerReference } = outcome;
    return stored === null
      ? { status: 'unknown', providerReference, why: 'unreadable' }
      : { ...outcome, stored };
  }

  async capture(payment: PaymentName, money: Money): Promise<Outcome> {
    const reply = await this.#post(`/v1/payments/${idOf(payment)}/capture`, { ...nameOf(payment), ...money });
    return outcomeOf(readPayment(reply, payment.reference), payment.providerReference);
  }

  async void(payment: PaymentName): Promise<RefundOutcome> {
    this.#mustBeAble('void');
    const reply = await this.#post(`/v1/payments/${idOf(payment)}/void`, nameOf(payment));
    const answer = readPayment(reply, payment.reference);
    if (answer.is === 'there') return { status: 'succeeded', providerReference: answer.value.id };
    return answer.is === 'refused'
      ? { status: 'failed', providerCode: answer.code }
      : { status: 'unknown', why: answer.why };
  }

  async refund({ reference, payment, money }: RefundRequest): Promise<RefundOutcome> {
    const reply = await this.#post('/v1/refunds', { reference, ...nameOf(payment), ...money });
    return refundOutcome(readRefund(reply, reference));
  }

  async lookUp({ reference, providerReference }: PaymentName): Promise<Found> {
    const name = providerReference === null ? { reference } : { id: providerReference };
    const reply = await this.#get(`/v1/payments?${new URLSearchParams(name).toString()}`);
    return foundOf(readPayment(reply, reference));
  }

  async lookUpRefund({ reference }: RefundRequest): Promise<RefundOutcome | { status: 'absent' }> {
    const reply = await this.#get(`/v1/refunds?${new URLSearchParams({ reference }).toString()}`);
    const answer = readRefund(reply, reference);
    if (answer.is === 'unknown') throw unavailable('not readable');
    return answer.is === 'refused' ? { status: 'absent' } : refundOutcome(answer);
  }

  async forget(stored: string): Promise<void> {
    const reply = await this.#send('DELETE', `/v1/cards/${encodeURIComponent(stored)}`, null);
    const gone = reply.kind === 'answer' && (reply.status === 200 || reply.status === 404);
    if (!gone) throw unavailable('not reached');
  }

  async hostedPage(request: PageRequest): Promise<HostedPage> {
    this.#mustBeAble('hosted_page');
    const answer = readPayment(
      await this.#post('/v1/pages', {
        reference: request.reference,
        ...request.money,
        description: request.description,
        language: request.language,
        stored: request.keep,
        return_url: request.returnUrl,
        expires_at: request.expiresAt,
      }),
      request.reference,
    );
    const url = answer.is === 'there' ? answer.value.url : undefined;
    if (answer.is !== 'there' || url === undefined) throw unavailable('not able to open a page');
    return { url, providerReference: answer.value.id };
  }

  async closePage(page: PaymentName): Promise<void> {
    const reply = await this.#post(`/v1/pages/${idOf(page)}/close`, nameOf(page));
    if (readPayment(reply, page.reference).is !== 'there') throw unavailable('not able to close the page');
  }

  webhook(body: Buffer, headers: IncomingHttpHeaders): PspNotice | 'irrelevant' | null {
    const { webhookSecrets, clock } = this.#options;
    return readSimulatedWebhook(body, headers, webhookSecrets, clock.now());
  }

  async close(): Promise<void> {
    this.#wire.close();
  }

  async #sendCard(path: string, fields: Fields, request: CardRequest): Promise<Reply> {
    const { reference, instrument, entry, stored } = request;
    const common = { ...fields, reference, entry, stored };
    if (instrument.kind === 'stored') {
      await request.sending(null);
      return this.#post(path, { ...common, stored_card: instrument.reference });
    }
    this.#mustBeAble('raw_card');
    await request.sending(null);
    const { card, code } = instrument;
    const body = formBody(
      { ...common, expiry_month: card.expMonth, expiry_year: card.expYear },
      { card_number: card.number, card_code: code },
    );
    return this.#send('POST', path, body, (answer) => blankCard(answer, card.number, code));
  }

  #post(path: string, fields: Fields): Promise<Reply> {
    return this.#send('POST', path, formBody(fields));
  }

  #get(path: string): Promise<Reply> {
    return this.#send('GET', path, null);
  }

  #send(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body: Buffer | null,
    blank?: (answer: Buffer) => void,
  ): Promise<Reply> {
    const headers = {
      authorization: `Bearer ${this.#options.secret}`,
      ...(body !== null && { 'content-type': 'application/x-www-form-urlencoded' }),
    };
    return this.#wire.send({ method, path, headers, body, ...(blank !== undefined && { blank }) });
  }

  #mustBeAble(ability: Ability): void {
    if (this.abilities.has(ability)) return;
    throw new AppError('psp_cannot', `the provider account has no ${ability}: nothing was sent to it`);
  }
}

/** A path needs some name; the members say which one is meant. */
function idOf({ providerReference, reference }: PaymentName): string {
  return encodeURIComponent(providerReference ?? reference);
}

function nameOf({ reference, providerReference }: PaymentName): Fields {
  return { payment: providerReference, payment_reference: reference };
}

function refundOutcome(answer: ReturnType<typeof readRefund>): RefundOutcome {
  if (answer.is === 'there') return { status: 'succeeded', providerReference: answer.value.id };
  return answer.is === 'refused'
    ? { status: 'failed', providerCode: answer.code }
    : { status: 'unknown', why: answer.why };
}
