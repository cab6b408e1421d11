import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../../clock.js';
import { AppError } from '../../errors.js';
import { ProviderWire } from '../provider-wire.js';
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
  type RefundOutcome,
  type RefundRequest,
  type Tokenized,
} from '../psp.js';
import { stripeBounds, toStripe } from './stripe-amounts.js';
import { away, confirmed, givenBack, had, hasGoneOn, isMissing, isOfCard, sought } from './stripe-answers.js';
import { StripeApi } from './stripe-api.js';
import { nameOfStored } from './stripe-card.js';
import {
  checkoutSessionSchema,
  customerSchema,
  listOf,
  paymentIntentSchema,
  refundSchema,
  setupIntentSchema,
  type SetupIntent,
} from './stripe-objects.js';
import {
  declined,
  foundIntent,
  foundSession,
  foundSetup,
  outcomeOfIntent,
  outcomeOfRefund,
  outcomeOfSetup,
} from './stripe-outcomes.js';
import {
  CARD_ALONE,
  CHARGE_AND_CARD,
  OF_PAGE,
  abilitiesFor,
  chargeFields,
  checkFields,
  intentFields,
  pageFields,
  refundFields,
  setupFields,
  storedCard,
  type KeyedCard,
} from './stripe-requests.js';
import { isSigned, noticeOf } from './stripe-webhook.js';

export interface StripePspOptions {
  /** `sk_…` or `rk_…`, of the test or the live mode. */
  secretKey: string;
  /** `whsec_…`; several while they rotate, none: no webhook is believed. */
  webhookSecrets: readonly string[];
  clock: Clock;
  /** Stripe's own, unless a simulator stands in. */
  apiUrl?: string;
  /** PEM, for a simulator. */
  ca?: string;
  timeoutMs?: number;
  /** What this account may do; everything, where left out. */
  abilities?: readonly Ability[];
}

const API_URL = 'https://api.stripe.com';
/** Longer than card networks take; a caller is on the line, and what is late is looked up. */
const TIMEOUT_MS = 25_000;

const NO_PAYMENT = 'no_payment';

/**
 * Stripe. Every payment is an intent that is made without a card and is named to us before the card is sent to confirm
 * it: whatever happens to that request, the intent tells what became of it. Cards of the telephone are flagged MOTO.
 */
export class StripePsp implements Psp {
  readonly name = 'stripe';
  readonly abilities: ReadonlySet<Ability>;
  readonly bounds = stripeBounds;
  readonly #options: StripePspOptions;
  readonly #api: StripeApi;

  constructor(options: StripePspOptions) {
    const { secretKey, clock, apiUrl = API_URL, timeoutMs = TIMEOUT_MS, ca } = options;
    this.abilities = new Set(options.abilities ?? ABILITIES);
    const origin = new URL(apiUrl);
    const wire = new ProviderWire({ origin, clock, timeoutMs, ...(ca !== undefined && { ca }) });
    this.#options = options;
    this.#api = new StripeApi(wire, secretKey);
  }

  async verify(request: CardRequest): Promise<Outcome> {
    this.#mustBeAble(['verify']);
    const { instrument } = request;
    const customer = instrument.kind === 'stored' ? storedCard(instrument.reference).customer : null;
    const { outcome } = await this.#setUp(request, customer);
    return outcome;
  }

  async tokenize(request: CardRequest): Promise<Tokenized> {
    this.#mustBeAble(['tokenize']);
    const { reference } = request;
    const owner = { 'metadata[reference]': reference };
    const customer = had(await this.#api.make('customers', owner, `${reference}:customer`, customerSchema));
    const { outcome, method } = await this.#setUp(request, customer.id);
    if (outcome.status !== 'approved') return outcome;
    const { providerReference } = outcome;
    if (method === null) return { status: 'unknown', providerReference, why: 'unreadable' };
    return { ...outcome, stored: nameOfStored(customer.id, method) };
  }

  async authorize(request: AuthorizeRequest): Promise<Outcome> {
    this.#mustBeAble(abilitiesFor(request));
    const { reference } = request;
    const key = `${reference}:create`;
    const intent = await this.#api.make('payment_intents', intentFields(request), key, paymentIntentSchema);
    if (intent.kind === 'refused' && isOfCard(intent.error)) return declined(null, intent.error);
    const { id } = had(intent);
    const fields = chargeFields(request);
    await request.sending(id);
    const path = `payment_intents/${id}/confirm`;
    const card = keyedCard(request);
    return confirmed(
      await this.#api.confirm(path, fields, `${reference}:confirm`, card, paymentIntentSchema),
      id,
      outcomeOfIntent,
    );
  }

  async capture(payment: PaymentName, money: Money): Promise<Outcome> {
    const id = await this.#intentId(payment);
    if (id === null) return declined(null, { code: NO_PAYMENT });
    const path = `payment_intents/${id}`;
    const fields = { amount_to_capture: toStripe(money).amount, ...CHARGE_AND_CARD };
    const answer = await this.#api.change(`${path}/capture`, fields, paymentIntentSchema);
    if (!hasGoneOn(answer)) return confirmed(answer, id, outcomeOfIntent);
    return outcomeOfIntent(had(await this.#api.get(path, CHARGE_AND_CARD, paymentIntentSchema)));
  }

  /** What was taken can't be voided at Stripe: a refund on the same day is one to the bank. */
  async void(payment: PaymentName): Promise<RefundOutcome> {
    this.#mustBeAble(['void']);
    const id = await this.#intentId(payment);
    if (id === null) return { status: 'failed', providerCode: NO_PAYMENT };
    const path = `payment_intents/${id}`;
    const done: RefundOutcome = { status: 'succeeded', providerReference: id };
    const answer = await this.#api.change(`${path}/cancel`, {}, paymentIntentSchema);
    if (hasGoneOn(answer)) {
      const { status } = had(await this.#api.get(path, {}, paymentIntentSchema));
      if (status === 'canceled') return done;
    }
    return givenBack(answer, () => done);
  }

  async refund(request: RefundRequest): Promise<RefundOutcome> {
    const id = await this.#intentId(request.payment);
    if (id === null) return { status: 'failed', providerCode: NO_PAYMENT };
    const fields = refundFields(request, id);
    return givenBack(
      await this.#api.make('refunds', fields, request.reference, refundSchema),
      outcomeOfRefund,
    );
  }

  async lookUp({ reference, providerReference }: PaymentName): Promise<Found> {
    if (providerReference === null) return this.#search(reference);
    const id = encodeURIComponent(providerReference);
    if (id.startsWith('cs_')) {
      return sought(
        await this.#api.get(`checkout/sessions/${id}`, OF_PAGE, checkoutSessionSchema),
        id,
        foundSession,
      );
    }
    if (id.startsWith('seti_')) {
      return sought(
        await this.#api.get(`setup_intents/${id}`, CARD_ALONE, setupIntentSchema),
        id,
        foundSetup,
      );
    }
    return sought(
      await this.#api.get(`payment_intents/${id}`, CHARGE_AND_CARD, paymentIntentSchema),
      id,
      foundIntent,
    );
  }

  async lookUpRefund({ reference, payment }: RefundRequest): Promise<RefundOutcome | { status: 'absent' }> {
    const id = await this.#intentId(payment);
    if (id === null) return { status: 'absent' };
    const query = { payment_intent: id, limit: 100 };
    const { data, has_more } = had(await this.#api.get('refunds', query, listOf(refundSchema)));
    const refund = data.find(({ metadata }) => metadata?.['reference'] === reference);
    if (refund !== undefined) return outcomeOfRefund(refund);
    if (has_more) throw away();
    return { status: 'absent' };
  }

  async forget(stored: string): Promise<void> {
    const answer = await this.#api.remove(`customers/${storedCard(stored).customer}`);
    if (!isMissing(answer)) had(answer);
  }

  async hostedPage(request: PageRequest): Promise<HostedPage> {
    this.#mustBeAble(['hosted_page']);
    const key = `${request.reference}:page`;
    const page = await this.#api.make('checkout/sessions', pageFields(request), key, checkoutSessionSchema);
    const { id, url } = had(page);
    if (typeof url !== 'string') throw away();
    return { url, providerReference: id };
  }

  async closePage({ providerReference }: PaymentName): Promise<void> {
    if (providerReference === null) return;
    const path = `checkout/sessions/${encodeURIComponent(providerReference)}`;
    const answer = await this.#api.change(`${path}/expire`, {}, checkoutSessionSchema);
    if (answer.kind === 'done') return;
    const { status } = had(await this.#api.get(path, {}, checkoutSessionSchema));
    if (status === 'open') throw away();
  }

  webhook(body: Buffer, headers: IncomingHttpHeaders): ReturnType<Psp['webhook']> {
    const { webhookSecrets, clock } = this.#options;
    return isSigned(body, headers, webhookSecrets, clock.now()) ? noticeOf(body) : null;
  }

  async close(): Promise<void> {
    this.#api.close();
  }

  /** Whether a card is good, and its name at Stripe, which lasts where there is a customer to keep it with. */
  async #setUp(
    request: CardRequest,
    customer: string | null,
  ): Promise<{ outcome: Outcome; method: string | null }> {
    const { reference } = request;
    const fields = setupFields(request, customer);
    const setup = await this.#api.make('setup_intents', fields, `${reference}:create`, setupIntentSchema);
    if (setup.kind === 'refused' && isOfCard(setup.error)) {
      return { outcome: declined(null, setup.error), method: null };
    }
    const { id } = had(setup);
    const check = checkFields(request);
    await request.sending(id);
    const path = `setup_intents/${id}/confirm`;
    const card = keyedCard(request);
    const answer = await this.#api.confirm(path, check, `${reference}:confirm`, card, setupIntentSchema);
    const outcome = confirmed(answer, id, outcomeOfSetup);
    return { outcome, method: answer.kind === 'done' ? methodOf(answer.value) : null };
  }

  #mustBeAble(abilities: readonly Ability[]): void {
    const lacking = abilities.find((ability) => !this.abilities.has(ability));
    if (lacking === undefined) return;
    throw new AppError('psp_cannot', `this account at Stripe has no ${lacking}: nothing was sent to it`);
  }

  /** By our name alone; Stripe's index is behind by up to a minute. */
  async #search(reference: string): Promise<Found> {
    const quoted = reference.replaceAll(/['\\]/g, String.raw`\$&`);
    const query = {
      query: `metadata['reference']:'${quoted}'`,
      limit: 1,
      'expand[0]': 'data.latest_charge',
      'expand[1]': 'data.payment_method',
    };
    const found = await this.#api.get('payment_intents/search', query, listOf(paymentIntentSchema));
    const [intent] = had(found).data;
    return intent === undefined ? { status: 'absent' } : foundIntent(intent);
  }

  /** Null when nobody has paid under this name. */
  async #intentId(payment: PaymentName): Promise<string | null> {
    const { providerReference } = payment;
    if (providerReference?.startsWith('pi_') === true) return encodeURIComponent(providerReference);
    const found = await this.lookUp(payment);
    const name = 'providerReference' in found ? found.providerReference : null;
    return name?.startsWith('pi_') === true ? name : null;
  }
}

function keyedCard({ instrument }: CardRequest): KeyedCard | null {
  return instrument.kind === 'card' ? instrument : null;
}

function methodOf({ payment_method: method }: SetupIntent): string | null {
  return typeof method === 'string' ? method : (method?.id ?? null);
}
