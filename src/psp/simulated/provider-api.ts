import { MINOR_UNITS } from '../../currency.js';
import type { Clock } from '../../clock.js';
import { Acquirer, type Objection } from './acquirer.js';
import type { CardForm } from './card-form.js';
import type { Fault, Verb } from './fault.js';
import type { HostedPages } from './hosted-pages.js';
import { keptCard, type Expiry, type KeptCard } from './kept-card.js';
import type { NoticeType } from './notices.js';
import { paymentView, refundView, type Order, type Payment, type PaymentKind } from './payment.js';

export interface ApiAnswer {
  status: number;
  body: object;
  /** What a webhook tells of. */
  told?: { type: NoticeType; payment: Payment };
}

/** What is asked for; `id` is the one in the path. */
export interface ApiCall {
  verb: Verb;
  id: string | null;
}

/** A most that no currency's exponent makes a number of more than twelve digits. */
export const MAX_AMOUNT = 999_999_999_999;

const ROUTES: readonly [string, RegExp, Verb][] = [
  ['POST', /^\/v1\/payments$/, 'authorize'],
  ['POST', /^\/v1\/verifications$/, 'verify'],
  ['POST', /^\/v1\/registrations$/, 'tokenize'],
  ['POST', /^\/v1\/payments\/(\w{1,64})\/capture$/, 'capture'],
  ['POST', /^\/v1\/payments\/(\w{1,64})\/void$/, 'void'],
  ['POST', /^\/v1\/refunds$/, 'refund'],
  ['GET', /^\/v1\/(?:payments|refunds)$/, 'look_up'],
  ['DELETE', /^\/v1\/cards\/(\w{1,64})$/, 'forget'],
  ['POST', /^\/v1\/pages$/, 'open_page'],
  ['POST', /^\/v1\/pages\/(\w{1,64})\/close$/, 'close_page'],
];

const KINDS: Readonly<Partial<Record<Verb, PaymentKind>>> = {
  authorize: 'payment',
  verify: 'verification',
  tokenize: 'registration',
};

/** Status and sentence of each objection and each mistake in a request. */
const REFUSALS: Readonly<Record<Objection | 'malformed' | 'absent' | 'no_such_card', [number, string]>> = {
  full: [503, 'no more records are kept: start the provider anew'],
  reference_used: [409, 'this reference was used with another request'],
  in_progress: [409, 'a request with this reference is under way'],
  not_capturable: [409, 'nothing, or less than that, is reserved'],
  not_voidable: [409, 'there is nothing left to void'],
  more_than_taken: [409, 'more than was taken, or is left of it'],
  malformed: [400, 'a member is missing or wrong'],
  absent: [404, 'there is nothing of this name'],
  no_such_card: [409, 'that card is not kept here'],
};

export interface ProviderApiOptions {
  acquirer: Acquirer;
  pages: HostedPages;
  clock: Clock;
  /** How long what is slow takes. */
  slowMs: number;
  /** Which numbers (digits as bytes 0–9) are taken. */
  takes: (number: Uint8Array) => boolean;
  fingerprintKey: Buffer;
}

/** The API: form-encoded requests, JSON answers. */
export class ProviderApi {
  readonly #options: ProviderApiOptions;

  constructor(options: ProviderApiOptions) {
    this.#options = options;
  }

  /** Null when there is no such route. */
  route(method: string, path: string): ApiCall | null {
    for (const [known, pattern, verb] of ROUTES) {
      const match = known === method ? pattern.exec(path) : null;
      if (match !== null) return { verb, id: match[1] ?? null };
    }
    return null;
  }

  async answer({ verb, id }: ApiCall, path: string, form: CardForm, fault: Fault | null): Promise<ApiAnswer> {
    const { acquirer, pages } = this.#options;
    const kind = KINDS[verb];
    if (kind !== undefined) return this.#take(kind, form, fault);
    const { fields } = form;
    const reference = fields.get('reference') ?? '';
    const amount = amountOf(fields);
    if (verb === 'look_up')
      return path.endsWith('/refunds') ? this.#refundBy(reference) : this.#lookUp(fields);
    if (verb === 'forget') {
      return acquirer.forget(id ?? '') ? { status: 200, body: { deleted: true } } : refusal('absent');
    }
    if (verb === 'open_page') return this.#openPage(fields);

    const payment = acquirer.payment({
      id: id ?? fields.get('payment') ?? null,
      reference: fields.get('payment_reference') ?? null,
    });
    if (payment === null) return refusal('absent');
    if (verb === 'close_page') {
      pages.close(payment);
      return { status: 200, body: paymentView(payment) };
    }
    if (verb === 'void') return changed(payment, acquirer.void(payment));
    if (amount === null || amount === 0) return refusal('malformed');
    if (verb === 'capture') return changed(payment, acquirer.capture(payment, amount));
    if (reference === '' || fields.get('currency') !== payment.order.currency) return refusal('malformed');
    const refund = acquirer.refund(reference, payment, amount);
    if (typeof refund === 'string') return refusal(refund);
    return { status: 200, body: refundView(refund), told: { type: 'refund.updated', payment } };
  }

  async #take(kind: PaymentKind, form: CardForm, fault: Fault | null): Promise<ApiAnswer> {
    const { acquirer, clock, slowMs } = this.#options;
    const order = orderOf(kind, form.fields);
    const card = this.#cardOf(form);
    if (order === null || card === 'malformed') return refusal('malformed');
    if (card === 'no_such_card') return refusal(card);

    const known = acquirer.payment({ id: null, reference: order.reference });
    const payment = acquirer.begin(order);
    if (typeof payment === 'string') return refusal(payment);
    if (payment === known) return answerOf(payment);
    if (fault === 'slow') await new Promise<void>((resolve) => void clock.after(slowMs, resolve));
    if (card === 'test_cards_only') acquirer.decline(payment, 'test_cards_only');
    else acquirer.finish(payment, card, form.code);
    return { ...answerOf(payment), told: { type: 'payment.updated', payment } };
  }

  /** The card that is named, or sent. */
  #cardOf({ fields, number }: CardForm): KeptCard | 'malformed' | 'no_such_card' | 'test_cards_only' {
    const { acquirer, takes, fingerprintKey } = this.#options;
    const stored = fields.get('stored_card');
    const expiry = expiryOf(fields);
    if ((stored === undefined) === (number === null)) return 'malformed';
    if (stored !== undefined) return acquirer.storedCard(stored) ?? 'no_such_card';
    if (number === null || expiry === null) return 'malformed';
    return takes(number.reveal()) ? keptCard(number, expiry, fingerprintKey) : 'test_cards_only';
  }

  #lookUp(fields: ReadonlyMap<string, string>): ApiAnswer {
    const payment = this.#options.acquirer.payment({
      id: fields.get('id') ?? null,
      reference: fields.get('reference') ?? null,
    });
    return payment === null ? refusal('absent') : { status: 200, body: paymentView(payment) };
  }

  #refundBy(reference: string): ApiAnswer {
    const refund = this.#options.acquirer.refundBy(reference);
    return refund === null ? refusal('absent') : { status: 200, body: refundView(refund) };
  }

  #openPage(fields: ReadonlyMap<string, string>): ApiAnswer {
    const { acquirer, pages } = this.#options;
    const order = orderOf('page', fields);
    const returnUrl = fields.get('return_url') ?? '';
    const expiresAt = Date.parse(fields.get('expires_at') ?? '');
    if (order === null || !/^https?:$/.test(protocolOf(returnUrl)) || Number.isNaN(expiresAt)) {
      return refusal('malformed');
    }
    const payment = acquirer.begin(order, 'open');
    if (typeof payment === 'string') return refusal(payment);
    const language = fields.get('language') === 'fr' ? 'fr' : 'en';
    const url = pages.open({ payment, returnUrl, expiresAt, language });
    return { status: 200, body: { ...paymentView(payment), url } };
  }
}

function orderOf(kind: PaymentKind, fields: ReadonlyMap<string, string>): Order | null {
  const reference = fields.get('reference') ?? '';
  const moves = kind === 'payment' || kind === 'page';
  const amount = moves ? amountOf(fields) : 0;
  const currency = fields.get('currency') ?? '';
  const entry = kind === 'page' ? 'ecommerce' : fields.get('entry');
  if (!/^[\w-]{1,64}$/.test(reference) || amount === null || (moves && amount === 0)) return null;
  if (moves && !MINOR_UNITS.has(currency)) return null;
  if (entry !== 'moto' && entry !== 'ecommerce') return null;
  return {
    ...{ kind, reference, amount, currency, entry },
    capture: fields.get('capture') !== 'false',
    stored: kind === 'registration' || fields.get('stored') === 'true',
    unattended: fields.get('unattended') === 'true',
    network: fields.get('network') ?? null,
    networkTransactionId: fields.get('network_transaction_id') ?? null,
    description: fields.get('description') ?? null,
  };
}

function expiryOf(fields: ReadonlyMap<string, string>): Expiry | null {
  const [month, year] = [Number(fields.get('expiry_month')), Number(fields.get('expiry_year'))];
  const isDate = month >= 1 && month <= 12 && year >= 2000 && year <= 9999;
  return isDate && Number.isInteger(month) && Number.isInteger(year) ? { month, year } : null;
}

function amountOf(fields: ReadonlyMap<string, string>): number | null {
  const text = fields.get('amount') ?? '';
  return /^\d{1,12}$/.test(text) ? Number(text) : null;
}

function protocolOf(url: string): string {
  return URL.canParse(url) ? new URL(url).protocol : '';
}

function answerOf(payment: Payment): ApiAnswer {
  return { status: payment.status === 'declined' ? 402 : 200, body: paymentView(payment) };
}

function changed(payment: Payment, objection: Objection | null): ApiAnswer {
  if (objection !== null) return refusal(objection);
  return { status: 200, body: paymentView(payment), told: { type: 'payment.updated', payment } };
}

export function refusal(code: keyof typeof REFUSALS): ApiAnswer {
  const [status, message] = REFUSALS[code];
  return { status, body: { error: { code, message } } };
}
