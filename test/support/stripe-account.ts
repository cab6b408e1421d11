import { createHmac } from 'node:crypto';
import { TEST_NUMBERS } from '../../src/card/test-numbers.js';
import {
  charge,
  checkoutSession,
  customer,
  paymentIntent,
  paymentMethod,
  refund,
  setupIntent,
  type CardFacts,
  type StripeObject,
} from './stripe-objects.js';

/** Parameters by their flat names: `metadata[reference]`. */
export type Params = ReadonlyMap<string, string>;

export interface StripeAnswer {
  status: number;
  body: unknown;
}

/** One movement of money, in Stripe's units. */
export interface Movement {
  kind: 'reserved' | 'taken' | 'refunded' | 'released';
  /** Of the payment, and of the refund where it is one. */
  references: readonly string[];
  amount: number;
}

interface Refusal {
  code: string;
  decline_code?: string;
}

/** What Stripe's test cards do: docs.stripe.com/testing. */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  '4000000000000002': { code: 'card_declined', decline_code: 'generic_decline' },
  '4000000000000069': { code: 'expired_card' },
  '4000000000000119': { code: 'processing_error' },
  '4000000000000127': { code: 'incorrect_cvc' },
  '4000000000009995': { code: 'card_declined', decline_code: 'insufficient_funds' },
  '4000002760003184': { code: 'authentication_required', decline_code: 'authentication_required' },
};

const CO_BADGED: Readonly<Record<string, readonly string[]>> = {
  '4000002500001001': ['cartes_bancaires', 'visa'],
  '5555552500001001': ['cartes_bancaires', 'mastercard'],
};

/** Approved, but a code of nines is told to be wrong. */
const WRONG_CODE = /^9+$/;

/** A name in a path. */
const ID = /\b(pi|seti|cus|cs_test)_\w+/;

interface Method {
  facts: CardFacts;
  number: string;
  customer: string | null;
}

class Refused extends Error {
  readonly status: number;
  readonly error: Record<string, unknown>;

  constructor(status: number, error: Record<string, unknown>) {
    super('refused');
    this.status = status;
    this.error = error;
  }
}

/** An account at Stripe, with all that it holds. Money in it is counted in `movements`. */
export class StripeAccount {
  readonly movements: Movement[] = [];
  /** Leave that a real account has by Stripe's support. */
  readonly switchedOn = { rawCards: true, moto: true };
  /** For the next card that is confirmed. */
  nextDecline: (Refusal & { network_decline_code?: string }) | null = null;
  readonly #objects = new Map<string, StripeObject>();
  readonly #methods = new Map<string, Method>();
  /** `setup_future_usage` of the intents that pages will make. */
  readonly #usageOnPage = new Map<string, string | null>();
  #drawn = 0;

  answer(method: string, path: string, params: Params): StripeAnswer {
    try {
      return { status: 200, body: this.#route(method, path, params) };
    } catch (error) {
      if (error instanceof Refused) return { status: error.status, body: { error: error.error } };
      throw error;
    }
  }

  /** The payment intent with this reference of ours. */
  intentOf(reference: string): StripeObject | undefined {
    return [...this.#objects.values()].find(
      ({ object, metadata }) =>
        object === 'payment_intent' && (metadata as Record<string, string>)['reference'] === reference,
    );
  }

  /** Names of the cards that customers have. */
  get storedCards(): readonly string[] {
    return [...this.#methods].flatMap(([id, { customer }]) => (customer === null ? [] : [id]));
  }

  /** Somebody gives money back in the dashboard: such a refund has no name of ours. Gives the charge. */
  refundInDashboard(reference: string, amount: number): StripeObject {
    const intent = this.intentOf(reference);
    if (intent === undefined) throw new Error('there is no such payment');
    this.#refund(
      new Map([
        ['payment_intent', intent.id],
        ['amount', String(amount)],
      ]),
    );
    return this.#chargeOf(intent);
  }

  /** The payer's part on a page: pays, authenticated, or is refused by the bank. */
  pay(session: string, how: 'approve' | 'refuse', number = '4242424242424242'): void {
    const page = this.#get(session, 'checkout.session');
    if (page['status'] !== 'open') throw new Error('nobody can pay there any more');
    const amount = Number(page['amount_total']);
    const reference = (page['metadata'] as Record<string, string>)['reference'] ?? null;
    const known = page['payment_intent'];
    const intent =
      typeof known === 'string'
        ? this.#get(known, 'payment_intent')
        : this.#keep(
            paymentIntent(
              { id: this.#draw('pi'), reference },
              { amount, currency: page['currency'], setup_future_usage: this.#usageOnPage.get(session) },
            ),
          );
    page['payment_intent'] = intent.id;
    const method = this.#keepMethod(number, '123', 12, 2034);
    if (how === 'refuse') {
      intent['last_payment_error'] = cardError({ code: 'payment_intent_authentication_failure' });
      return;
    }
    if (page['customer_creation'] === 'always') {
      const { id } = this.#keep(customer({ id: this.#draw('cus'), reference: null }));
      page['customer'] = intent['customer'] = id;
      if (intent['setup_future_usage'] !== null) method.customer = id;
    }
    this.#take(intent, method, method.facts.networks[0] ?? 'unknown', true);
    page['status'] = 'complete';
    page['payment_status'] = 'paid';
  }

  #route(verb: string, path: string, params: Params): unknown {
    const id = ID.exec(path)?.[0] ?? '';
    switch (`${verb} ${path.replace(ID, ':id')}`) {
      case 'POST payment_intents':
        return this.#makeIntent(params);
      case 'GET payment_intents/search':
        return this.#search(params);
      case 'GET payment_intents/:id':
        return this.#expanded(this.#get(id, 'payment_intent'), params);
      case 'POST payment_intents/:id/confirm':
        return this.#expanded(this.#confirmIntent(this.#get(id, 'payment_intent'), params), params);
      case 'POST payment_intents/:id/capture':
        return this.#expanded(this.#captureIntent(this.#get(id, 'payment_intent'), params), params);
      case 'POST payment_intents/:id/cancel':
        return this.#expanded(this.#cancelIntent(this.#get(id, 'payment_intent')), params);
      case 'POST setup_intents':
        return this.#makeSetup(params);
      case 'GET setup_intents/:id':
        return this.#expanded(this.#get(id, 'setup_intent'), params);
      case 'POST setup_intents/:id/confirm':
        return this.#expanded(this.#confirmSetup(this.#get(id, 'setup_intent'), params), params);
      case 'POST customers':
        return this.#makeCustomer(params);
      case 'DELETE customers/:id':
        return this.#removeCustomer(id);
      case 'POST refunds':
        return this.#refund(params);
      case 'GET refunds':
        return this.#refundsOf(params);
      case 'POST checkout/sessions':
        return this.#makePage(params);
      case 'GET checkout/sessions/:id':
        return this.#expanded(this.#get(id, 'checkout.session'), params);
      case 'POST checkout/sessions/:id/expire':
        return this.#expirePage(this.#get(id, 'checkout.session'));
      default:
        throw invalid(`Unrecognized request URL (${verb}: /v1/${path}).`, undefined, undefined, 404);
    }
  }

  #makeIntent(params: Params): StripeObject {
    const reference = params.get('metadata[reference]') ?? null;
    const amount = Number(params.get('amount'));
    const owner = params.get('customer') ?? null;
    if (owner !== null) this.#get(owner, 'customer', 'customer');
    if (amount < 50) throw invalid('Amount must be at least €0.50 eur', 'amount_too_small', 'amount');
    const change = {
      amount,
      currency: params.get('currency'),
      capture_method: params.get('capture_method'),
      customer: owner,
      description: params.get('description') ?? null,
      setup_future_usage: params.get('setup_future_usage') ?? null,
    };
    return this.#keep(paymentIntent({ id: this.#draw('pi'), reference }, change));
  }

  #confirmIntent(intent: StripeObject, params: Params): StripeObject {
    if (intent['status'] !== 'requires_payment_method') {
      throw invalid(
        'This PaymentIntent has gone on to another state.',
        'payment_intent_unexpected_state',
        'intent',
      );
    }
    const method = this.#methodOf(params, 'payment_intent', intent);
    const network = params.get('payment_method_options[card][network]');
    if (network !== undefined && !method.facts.networks.includes(network)) {
      throw invalid(
        'The network is not one of the card.',
        'parameter_invalid_string',
        'payment_method_options[card][network]',
      );
    }
    this.#take(
      intent,
      method,
      network ?? method.facts.networks[0] ?? 'unknown',
      intent['capture_method'] !== 'manual',
    );
    return intent;
  }

  #captureIntent(intent: StripeObject, params: Params): StripeObject {
    if (intent['status'] !== 'requires_capture')
      throw invalid('Nothing is reserved.', 'payment_intent_unexpected_state');
    const amount = Number(params.get('amount_to_capture'));
    if (amount > Number(intent['amount_capturable']))
      throw invalid('More than is reserved.', 'amount_too_large', 'amount_to_capture');
    // What is left of the reserve goes back by itself.
    this.#move('released', intent, Number(intent['amount_capturable']));
    Object.assign(intent, { status: 'succeeded', amount_received: amount, amount_capturable: 0 });
    Object.assign(this.#chargeOf(intent), { captured: true, amount_captured: amount });
    this.#move('taken', intent, amount);
    return intent;
  }

  #cancelIntent(intent: StripeObject): StripeObject {
    if (intent['status'] === 'succeeded' || intent['status'] === 'canceled') {
      throw invalid(
        'You cannot cancel this PaymentIntent because of its status.',
        'payment_intent_unexpected_state',
      );
    }
    if (intent['status'] === 'requires_capture') {
      const amount = Number(intent['amount_capturable']);
      this.#move('released', intent, amount);
      Object.assign(this.#chargeOf(intent), { refunded: true, amount_refunded: amount });
    }
    return Object.assign(intent, { status: 'canceled', amount_capturable: 0, canceled_at: 1_795_305_601 });
  }

  #makeSetup(params: Params): StripeObject {
    const reference = params.get('metadata[reference]') ?? null;
    const owner = params.get('customer') ?? null;
    if (owner !== null) this.#get(owner, 'customer', 'customer');
    const change = { customer: owner, usage: params.get('usage') };
    return this.#keep(setupIntent({ id: this.#draw('seti'), reference }, change));
  }

  #confirmSetup(setup: StripeObject, params: Params): StripeObject {
    if (setup['status'] !== 'requires_payment_method') {
      throw invalid('This SetupIntent has gone on to another state.', 'setup_intent_unexpected_state');
    }
    const method = this.#methodOf(params, 'setup_intent', setup);
    method.customer = setup['customer'] as string | null;
    const id = this.#idOf(method);
    return Object.assign(setup, { status: 'succeeded', payment_method: id });
  }

  #refund(params: Params): StripeObject {
    const intent = this.#get(params.get('payment_intent') ?? '', 'payment_intent', 'payment_intent');
    if (intent['status'] !== 'succeeded')
      throw invalid('Nothing was taken.', 'payment_intent_unexpected_state');
    const paid = this.#chargeOf(intent);
    const amount = Number(params.get('amount'));
    const before = Number(paid['amount_refunded']);
    if (before === Number(paid['amount_captured']))
      throw invalid('Charge has already been refunded.', 'charge_already_refunded');
    if (before + amount > Number(paid['amount_captured'])) {
      throw invalid('Refund amount is greater than unrefunded amount on charge.', undefined, 'amount');
    }
    paid['amount_refunded'] = before + amount;
    paid['refunded'] = before + amount === paid['amount_captured'];
    const reference = params.get('metadata[reference]') ?? null;
    this.#move('refunded', intent, amount, reference);
    return this.#keep(
      refund({
        id: this.#draw('re'),
        reference,
        intent: intent.id,
        charge: paid.id,
        amount,
        currency: String(intent['currency']),
        status: 'succeeded',
      }),
    );
  }

  #refundsOf(params: Params): unknown {
    const data = [...this.#objects.values()].filter(
      ({ object, payment_intent }) => object === 'refund' && payment_intent === params.get('payment_intent'),
    );
    const limit = Number(params.get('limit') ?? 10);
    return {
      object: 'list',
      data: data.toReversed().slice(0, limit),
      has_more: data.length > limit,
      url: '/v1/refunds',
    };
  }

  #search(params: Params): unknown {
    const wanted = /^metadata\['reference'\]:'(.*)'$/.exec(params.get('query') ?? '')?.[1];
    const reference = wanted?.replaceAll(/\\(['\\])/g, '$1');
    const intent = this.intentOf(reference ?? '');
    const data = intent === undefined ? [] : [intent];
    const expand = new Map(
      [...params].map(([name, value]): [string, string] => [name, value.replace(/^data\./, '')]),
    );
    return {
      object: 'search_result',
      data: data.map((intent) => this.#expanded(intent, expand)),
      has_more: false,
      next_page: null,
      url: '/v1/payment_intents/search',
    };
  }

  #makePage(params: Params): StripeObject {
    const item = 'line_items[0]';
    const amount =
      Number(params.get(`${item}[price_data][unit_amount]`)) * Number(params.get(`${item}[quantity]`));
    const change = {
      amount_subtotal: amount,
      amount_total: amount,
      currency: params.get(`${item}[price_data][currency]`),
      expires_at: Number(params.get('expires_at')),
      locale: params.get('locale') ?? null,
      success_url: params.get('success_url') ?? null,
      cancel_url: params.get('cancel_url') ?? null,
      customer_creation: params.get('customer_creation') ?? 'if_required',
    };
    const reference = params.get('client_reference_id') ?? null;
    const page = this.#keep(checkoutSession({ id: this.#draw('cs_test'), reference }, change));
    this.#usageOnPage.set(page.id, params.get('payment_intent_data[setup_future_usage]') ?? null);
    return page;
  }

  #expirePage(page: StripeObject): StripeObject {
    if (page['status'] !== 'open') throw invalid('Only Checkout Sessions with a status open can be expired.');
    return Object.assign(page, { status: 'expired', url: null });
  }

  #makeCustomer(params: Params): StripeObject {
    const reference = params.get('metadata[reference]') ?? null;
    return this.#keep(customer({ id: this.#draw('cus'), reference }));
  }

  #removeCustomer(id: string): unknown {
    this.#get(id, 'customer', 'id');
    this.#objects.delete(id);
    for (const [name, method] of this.#methods) if (method.customer === id) this.#methods.delete(name);
    return { id, object: 'customer', deleted: true };
  }

  /** The card of a confirmation, when nobody refuses it. */
  #methodOf(params: Params, intentKind: 'payment_intent' | 'setup_intent', intent: StripeObject): Method {
    if (params.get('payment_method_options[card][moto]') === 'true' && !this.switchedOn.moto) {
      const param = 'payment_method_options[card][moto]';
      throw invalid(`Received unknown parameter: ${param}`, 'parameter_unknown', param);
    }
    const number = params.get('payment_method_data[card][number]');
    if (number !== undefined && !this.switchedOn.rawCards) {
      throw new Refused(402, {
        message:
          'Sending credit card numbers directly to the Stripe API is generally unsafe. To enable testing raw card data APIs, see https://support.stripe.com/questions/enabling-access-to-raw-card-data-apis.',
        type: 'invalid_request_error',
      });
    }
    const stored = params.get('payment_method') ?? '';
    const method = number === undefined ? this.#methods.get(stored) : this.#keyed(number, params);
    if (method === undefined)
      throw invalid('No such PaymentMethod', 'resource_missing', 'payment_method', 404);
    if (number === undefined && method.customer === null) {
      throw invalid(
        'The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with a connected account without Customer attachment, or was detached from a Customer. It may not be used again. To use a PaymentMethod multiple times, you must attach it to a Customer first.',
      );
    }
    const decline = this.nextDecline ?? REFUSALS[method.number];
    this.nextDecline = null;
    if (decline === undefined) return method;
    const error = cardError(decline);
    intent[intentKind === 'payment_intent' ? 'last_payment_error' : 'last_setup_error'] = error;
    throw new Refused(402, { ...error, [intentKind]: structuredClone(intent) });
  }

  #keyed(number: string, params: Params): Method {
    if (!Object.values(TEST_NUMBERS).flat().includes(number)) {
      throw new Refused(402, cardError({ code: 'card_declined', decline_code: 'test_mode_live_card' }));
    }
    const part = (name: string): string => params.get(`payment_method_data[card][${name}]`) ?? '';
    return this.#keepMethod(number, part('cvc'), Number(part('exp_month')), Number(part('exp_year')));
  }

  #keepMethod(number: string, code: string, expMonth: number, expYear: number): Method {
    const brand = Object.entries(TEST_NUMBERS).find(([, numbers]) => numbers.includes(number))?.[0] ?? 'visa';
    const codeCheck = code === '' ? null : WRONG_CODE.test(code) ? 'fail' : 'pass';
    const networks = CO_BADGED[number] ?? [brand];
    const facts: CardFacts = {
      ...{ brand, last4: number.slice(-4), expMonth, expYear, networks, codeCheck },
      fingerprint: fingerprintOf(number),
    };
    const method = { facts, number, customer: null };
    this.#methods.set(this.#draw('pm'), method);
    return method;
  }

  #idOf(method: Method): string {
    const [id = ''] = [...this.#methods].find(([, known]) => known === method) ?? [];
    return id;
  }

  #take(intent: StripeObject, method: Method, network: string, captured: boolean): void {
    const amount = Number(intent['amount']);
    const { id } = this.#keep(
      charge({
        id: this.#draw('ch'),
        intent: intent.id,
        reference: (intent['metadata'] as Record<string, string>)['reference'] ?? null,
        amount,
        currency: String(intent['currency']),
        captured,
        network,
        card: method.facts,
      }),
    );
    Object.assign(intent, {
      status: captured ? 'succeeded' : 'requires_capture',
      amount_received: captured ? amount : 0,
      amount_capturable: captured ? 0 : amount,
      latest_charge: id,
      payment_method: this.#idOf(method),
      last_payment_error: null,
    });
    this.#move(captured ? 'taken' : 'reserved', intent, amount);
  }

  #move(kind: Movement['kind'], intent: StripeObject, amount: number, other: string | null = null): void {
    const { reference } = intent['metadata'] as Record<string, string>;
    const references = [reference, other].filter(
      (name): name is string => name !== undefined && name !== null,
    );
    this.movements.push({ kind, references, amount });
  }

  #chargeOf(intent: StripeObject): StripeObject {
    return this.#get(String(intent['latest_charge']), 'charge');
  }

  #get(id: string, object: string, param = 'intent'): StripeObject {
    const found = this.#objects.get(decodeURIComponent(id));
    if (found?.object === object) return found;
    throw invalid(`No such ${object}: '${id}'`, 'resource_missing', param, 404);
  }

  #keep(made: StripeObject): StripeObject {
    this.#objects.set(made.id, made);
    return made;
  }

  #draw(prefix: string): string {
    return `${prefix}_${String(++this.#drawn).padStart(14, '0')}sim`;
  }

  /** A copy in which what `expand` names stands whole. */
  #expanded(object: StripeObject, params: Params): unknown {
    const copy = structuredClone(object);
    for (const [name, path] of params) {
      if (name.startsWith('expand[')) this.#expand(copy, path.split('.'));
    }
    return copy;
  }

  #expand(object: Record<string, unknown>, [member = '', ...rest]: string[]): void {
    const id = object[member];
    if (typeof id === 'string') {
      const method = this.#methods.get(id);
      object[member] =
        method === undefined
          ? structuredClone(this.#objects.get(id))
          : paymentMethod(id, method.facts, method.customer);
    }
    const inner = object[member];
    if (rest.length > 0 && typeof inner === 'object' && inner !== null) {
      this.#expand(inner as Record<string, unknown>, rest);
    }
  }
}

/** Sixteen letters and digits, alike for the same number. */
function fingerprintOf(number: string): string {
  return createHmac('sha256', 'a simulated account').update(number).digest('hex').slice(0, 16);
}

function cardError(refusal: Refusal): Record<string, unknown> {
  return {
    ...refusal,
    doc_url: `https://docs.stripe.com/error-codes/${refusal.code.replaceAll('_', '-')}`,
    message: 'Your card was declined.',
    type: 'card_error',
  };
}

function invalid(message: string, code?: string, param?: string, status = 400): Refused {
  return new Refused(status, {
    ...(code !== undefined && { code }),
    message,
    ...(param !== undefined && { param }),
    type: 'invalid_request_error',
  });
}
