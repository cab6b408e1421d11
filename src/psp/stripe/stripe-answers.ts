import { AppError } from '../../errors.js';
import { providerCode } from '../provider-code.js';
import type { Found, Outcome, RefundOutcome } from '../psp.js';
import type { Answer } from './stripe-api.js';
import { STRIPE_DECLINES } from './stripe-declines.js';
import type { StripeError } from './stripe-objects.js';
import { declined } from './stripe-outcomes.js';
import { misconfigured } from './stripe-permissions.js';

/** The intent has gone on since: what it came to, a look-up tells. */
const GONE_ON: ReadonlySet<string> = new Set([
  'payment_intent_unexpected_state',
  'setup_intent_unexpected_state',
  'intent_invalid_state',
]);

/** Within the bounds of its currency, yet not of the one that the account settles in. */
const AMOUNTS: ReadonlySet<string> = new Set([
  'amount_too_small',
  'amount_too_large',
  'invalid_charge_amount',
]);

/** What was asked for where no money is at stake: anything else than having it is an error. */
export function had<Value>(answer: Answer<Value>): Value {
  if (answer.kind === 'done') return answer.value;
  throw answer.kind === 'refused' ? fault(answer.status, answer.error) : away();
}

/** What a look-up of this object finds. */
export function sought<Value extends { id: string }>(
  answer: Answer<Value>,
  id: string,
  read: (value: Value) => Found,
): Found {
  if (isMissing(answer)) return { status: 'absent' };
  const value = had(answer);
  if (value.id !== id) throw away();
  return read(value);
}

/** What sending a card to an intent came to. */
export function confirmed<Value extends { id: string }>(
  answer: Answer<Value>,
  intent: string,
  read: (value: Value) => Outcome,
): Outcome {
  if (answer.kind === 'done') {
    // An answer about another intent is one to another request.
    const isOurs = answer.value.id === intent;
    return isOurs ? read(answer.value) : { status: 'unknown', providerReference: intent, why: 'unreadable' };
  }
  if (answer.kind === 'unclear') return { status: 'unknown', providerReference: intent, why: answer.why };
  if (answer.kind === 'nothing_done') throw away();
  const { status, error } = answer;
  if (error.type === 'idempotency_error' || hasGoneOn(answer)) {
    return { status: 'unknown', providerReference: intent, why: 'unreadable' };
  }
  if (error.type === 'card_error' || isOfCard(error)) return declined(intent, error);
  throw fault(status, error);
}

/** What asking for money back came to. */
export function givenBack<Value>(
  answer: Answer<Value>,
  read: (value: Value) => RefundOutcome,
): RefundOutcome {
  if (answer.kind === 'done') return read(answer.value);
  if (answer.kind === 'unclear') return { status: 'unknown', why: answer.why };
  if (answer.kind === 'nothing_done') throw away();
  const { status, error } = answer;
  if (status === 401 || status === 403) throw fault(status, error);
  return { status: 'failed', providerCode: providerCode(error.code ?? error.type ?? '') };
}

export function hasGoneOn(answer: Answer<unknown>): boolean {
  return answer.kind === 'refused' && GONE_ON.has(answer.error.code ?? '');
}

export function isMissing(answer: Answer<unknown>): boolean {
  return answer.kind === 'refused' && answer.error.code === 'resource_missing';
}

/** A refusal that another card would mend: by its code, or a card that Stripe keeps no more. */
export function isOfCard({ code, param }: StripeError): boolean {
  if (code === 'resource_missing') return param === 'payment_method' || param === 'customer';
  return (code ?? '') in STRIPE_DECLINES;
}

export function away(): AppError {
  return new AppError('psp_unavailable', 'Stripe does not answer, or not so that it can be read; try again');
}

function fault(status: number, error: StripeError): AppError {
  if (!AMOUNTS.has(error.code ?? '')) return misconfigured(status, error);
  return new AppError(
    'psp_cannot',
    'Stripe does not take this amount: it is too small or too large in the currency that the account settles in',
  );
}
