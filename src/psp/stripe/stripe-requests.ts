import { AppError } from '../../errors.js';
import type {
  Ability,
  AuthorizeRequest,
  CardRequest,
  Instrument,
  PageRequest,
  RefundRequest,
} from '../psp.js';
import { toStripe } from './stripe-amounts.js';

/** A request's parameters by the names that Stripe's pages give them, such as `metadata[reference]`; null: left out. */
export type Fields = Readonly<Record<string, string | number | boolean | null>>;

/** A card as it was keyed. */
export type KeyedCard = Extract<Instrument, { kind: 'card' }>;

export const CHARGE_AND_CARD: Fields = { 'expand[0]': 'latest_charge', 'expand[1]': 'payment_method' };
export const CARD_ALONE: Fields = { 'expand[0]': 'payment_method' };
export const OF_PAGE: Fields = {
  'expand[0]': 'payment_intent.latest_charge',
  'expand[1]': 'payment_intent.payment_method',
};

/** A page is open for 30 minutes at least, counted at Stripe: what is asked for is that, and the way there. */
const WAY_SECONDS = 60;
const STORED = /^(cus_\w{1,250})\/(pm_\w{1,250})$/;

/** A card that Stripe keeps, as `tokenize` named it. */
export interface StoredCard {
  customer: string;
  method: string;
}

export function storedCard(reference: string): StoredCard {
  const [, customer, method] = STORED.exec(reference) ?? [];
  if (customer === undefined || method === undefined) {
    throw new AppError('psp_cannot', 'this card is kept by another provider than Stripe');
  }
  return { customer, method };
}

/** What an account must be able to do for this. */
export function abilitiesFor(request: AuthorizeRequest): Ability[] {
  const needed: Ability[] = [];
  if (request.instrument.kind === 'card') needed.push('raw_card');
  if (!request.capture) needed.push('authorize_only');
  if (request.network !== null) needed.push('choose_network');
  return needed;
}

export function intentFields(request: AuthorizeRequest): Fields {
  const { instrument, money, description } = request;
  const keyed = instrument.kind === 'card';
  return {
    ...toStripe(money),
    capture_method: request.capture ? 'automatic' : 'manual',
    ...ofCard(request.reference),
    description,
    customer: keyed ? null : storedCard(instrument.reference).customer,
    // Tells the network that a card is kept from here on; at Stripe nothing is.
    setup_future_usage: keyed && request.stored && !request.unattended ? 'off_session' : null,
  };
}

export function chargeFields(request: AuthorizeRequest): Fields {
  const { unattended, network, networkTransactionId, instrument } = request;
  const option = 'payment_method_options[card]';
  const follows = unattended && instrument.kind === 'card';
  return {
    ...CHARGE_AND_CARD,
    ...methodOf(request),
    ...(unattended ? { off_session: true } : { error_on_requires_action: true, ...flagOf(request) }),
    [`${option}[network]`]: network,
    [`${option}[mit_exemption][network_transaction_id]`]: follows ? networkTransactionId : null,
  };
}

export function setupFields(request: CardRequest, customer: string | null): Fields {
  return {
    usage: request.stored ? 'off_session' : 'on_session',
    ...ofCard(request.reference),
    customer,
  };
}

export function checkFields(request: CardRequest): Fields {
  return { ...CARD_ALONE, ...methodOf(request), ...flagOf(request) };
}

export function refundFields({ reference, payment, money }: RefundRequest, intent: string): Fields {
  const { amount } = toStripe(money);
  const names = { 'metadata[reference]': reference, 'metadata[payment]': payment.reference };
  return { payment_intent: intent, amount, ...names };
}

export function pageFields(request: PageRequest): Fields {
  const { reference, description, returnUrl, keep } = request;
  const { amount, currency } = toStripe(request.money);
  const item = 'line_items[0]';
  return {
    mode: 'payment',
    client_reference_id: reference,
    ...ofCard(reference),
    'payment_intent_data[metadata][reference]': reference,
    'payment_intent_data[description]': description,
    // Checkout tells the payer of it, and gives the card to a customer that it makes when it is paid.
    'payment_intent_data[setup_future_usage]': keep ? 'off_session' : null,
    customer_creation: keep ? 'always' : null,
    // A page is for what a telephone can't do: the bank has asked for authentication, or might.
    'payment_method_options[card][request_three_d_secure]': 'any',
    [`${item}[quantity]`]: 1,
    [`${item}[price_data][currency]`]: currency,
    [`${item}[price_data][unit_amount]`]: amount,
    [`${item}[price_data][product_data][name]`]: description ?? reference,
    locale: request.language,
    success_url: returnUrl,
    cancel_url: returnUrl,
    expires_at: Math.floor(Date.parse(request.expiresAt) / 1_000) + WAY_SECONDS,
  };
}

function ofCard(reference: string): Fields {
  return { 'allowed_payment_method_types[0]': 'card', 'metadata[reference]': reference };
}

function methodOf({ instrument }: CardRequest): Fields {
  return instrument.kind === 'stored' ? { payment_method: storedCard(instrument.reference).method } : {};
}

/** A telephone order is outside strong authentication; a payment that the payer isn't there for is none. */
function flagOf({ entry }: CardRequest): Fields {
  return entry === 'moto' ? { 'payment_method_options[card][moto]': true } : {};
}
