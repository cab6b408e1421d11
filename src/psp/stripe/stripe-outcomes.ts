import { NETWORKS, type Network } from '../../card/networks.js';
import type { Found, Money, Outcome, RefundOutcome } from '../psp.js';
import { providerCode } from '../provider-code.js';
import { fromStripe } from './stripe-amounts.js';
import { cardOfPage } from './stripe-card.js';
import { declineOfStripe, type StripeRefusal } from './stripe-declines.js';
import type { CheckoutSession, PaymentIntent, Refund, SetupIntent, StripeError } from './stripe-objects.js';

const KNOWN_NETWORKS: ReadonlySet<string> = new Set(NETWORKS);

const CODE_CHECKS: Readonly<Record<string, 'match' | 'mismatch'>> = { pass: 'match', fail: 'mismatch' };

/** The truth of a payment intent, told by Stripe at this moment. */
export function foundIntent(intent: PaymentIntent): Found {
  if (isUntried(intent.status, intent.last_payment_error)) return { status: 'absent' };
  if (intent.status === 'requires_action') {
    return { status: 'pending', providerReference: intent.id, step: 'open' };
  }
  const refunded = fromStripe(chargeOf(intent)?.amount_refunded ?? 0, intent.currency).amount;
  // Reserved once, and given back: approved all the same.
  const voided = intent.status === 'canceled' && refunded > 0;
  return { ...(voided ? approved(intent) : outcomeOfIntent(intent)), refunded };
}

/** A verification: nobody is there who could authenticate later. */
export function foundSetup(setup: SetupIntent): Found {
  if (isUntried(setup.status, setup.last_setup_error)) return { status: 'absent' };
  return { ...outcomeOfSetup(setup), refunded: 0 };
}

/** A page: refusals on it are the payer's to mend until it closes. */
export function foundSession(session: CheckoutSession): Found {
  const intent = typeof session.payment_intent === 'object' ? session.payment_intent : null;
  const found: Found = intent ? foundIntent(intent) : { status: 'absent' };
  if (intent && found.status === 'approved') return { ...found, ...cardOfPage(intent) };
  const providerReference = session.id;
  // What was begun before it was closed may still be paid.
  if (session.status === 'expired' && found.status === 'unknown') return found;
  if (session.status === 'expired') return { ...ended(providerReference, 'expired'), refunded: 0 };
  const authenticated = intent?.status === 'processing';
  return { status: 'pending', providerReference, step: authenticated ? 'authenticated' : 'open' };
}

/** What a request on an intent came to. */
export function outcomeOfIntent(intent: PaymentIntent): Outcome {
  switch (intent.status) {
    case 'succeeded':
    case 'requires_capture':
      return approved(intent);
    case 'requires_action':
      return declined(intent.id, { code: 'authentication_required' });
    case 'canceled':
      return ended(intent.id, 'canceled');
    case 'requires_payment_method':
      return declined(intent.id, intent.last_payment_error ?? {});
    default:
      return unsettled(intent.id);
  }
}

export function outcomeOfSetup(setup: SetupIntent): Outcome {
  switch (setup.status) {
    case 'succeeded':
      return { ...cardFacts(setup), status: 'approved', providerReference: setup.id, money: null };
    case 'requires_action':
      return declined(setup.id, { code: 'authentication_required' });
    case 'canceled':
      return ended(setup.id, 'canceled');
    case 'requires_payment_method':
      return declined(setup.id, setup.last_setup_error ?? {});
    default:
      return unsettled(setup.id);
  }
}

export function declined(providerReference: string | null, refusal: StripeRefusal): Outcome {
  return { status: 'declined', providerReference, ...declineOfStripe(refusal) };
}

/** A refund that Stripe has taken up but not made yet is settled by a look-up. */
export function outcomeOfRefund({ id, status, failure_reason }: Refund): RefundOutcome {
  if (status === 'succeeded') return { status: 'succeeded', providerReference: id };
  if (status === 'failed' || status === 'canceled') {
    return { status: 'failed', providerCode: providerCode(failure_reason ?? status) };
  }
  return { status: 'unknown', why: 'still_running' };
}

function approved(intent: PaymentIntent): Outcome {
  const taken = intent.status === 'succeeded' ? intent.amount_received : intent.amount;
  const money: Money = fromStripe(taken, intent.currency);
  return { ...cardFacts(intent), status: 'approved', providerReference: intent.id, money };
}

/** What is known of the card beside the outcome: from the charge, which the network answered, else from the method. */
function cardFacts(intent: Pick<PaymentIntent, 'latest_charge' | 'payment_method'>) {
  const method = typeof intent.payment_method === 'object' ? intent.payment_method?.card : null;
  const charge = chargeOf(intent)?.payment_method_details?.card;
  const available = method?.networks?.available.filter(isNetwork) ?? [];
  const check = charge?.checks?.cvc_check ?? method?.checks?.cvc_check ?? '';
  const network = charge?.network ?? '';
  return {
    networkTransactionId: charge?.network_transaction_id ?? null,
    codeCheck: CODE_CHECKS[check] ?? null,
    networks: available.length === 0 ? null : available,
    network: isNetwork(network) ? network : null,
    card: null,
    stored: null,
  };
}

function chargeOf({ latest_charge }: Pick<PaymentIntent, 'latest_charge'>) {
  return typeof latest_charge === 'object' ? latest_charge : null;
}

/** Made, but never confirmed: or the confirmation is still on its way. */
function isUntried(status: string, error: StripeError | null | undefined): boolean {
  const waits = status === 'requires_payment_method' || status === 'requires_confirmation';
  return waits && (error === null || error === undefined);
}

function isNetwork(name: string): name is Network {
  return KNOWN_NETWORKS.has(name);
}

function ended(providerReference: string, why: 'canceled' | 'expired'): Outcome {
  return { status: 'declined', providerReference, code: 'processing_error', providerCode: why };
}

function unsettled(providerReference: string): Outcome {
  return { status: 'unknown', providerReference, why: 'still_running' };
}
