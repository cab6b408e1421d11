import type { DeclineCode } from '../decline-code.js';
import { providerCode } from '../provider-code.js';

/**
 * What Stripe calls a refusal: its decline codes (docs.stripe.com/declines/codes), then the error codes that stand
 * alone (docs.stripe.com/error-codes). A bank's reasons that nobody may be told of are `pickup_card`.
 */
export const STRIPE_DECLINES: Readonly<Record<string, DeclineCode>> = {
  approve_with_id: 'processing_error',
  authentication_required: 'authentication_required',
  call_issuer: 'call_issuer',
  card_not_supported: 'unsupported',
  card_velocity_exceeded: 'insufficient_funds',
  currency_not_supported: 'unsupported',
  do_not_honor: 'card_declined',
  do_not_try_again: 'card_declined',
  // The same amount on the same card a moment ago: no reason to take it again.
  duplicate_transaction: 'card_declined',
  expired_card: 'expired_card',
  fraudulent: 'pickup_card',
  generic_decline: 'card_declined',
  incorrect_address: 'card_declined',
  incorrect_cvc: 'incorrect_cvc',
  incorrect_number: 'incorrect_number',
  incorrect_pin: 'card_declined',
  incorrect_postal_code: 'card_declined',
  incorrect_zip: 'card_declined',
  insufficient_funds: 'insufficient_funds',
  invalid_account: 'card_declined',
  invalid_amount: 'insufficient_funds',
  invalid_cvc: 'incorrect_cvc',
  invalid_expiry_month: 'expired_card',
  invalid_expiry_year: 'expired_card',
  invalid_number: 'incorrect_number',
  invalid_pin: 'card_declined',
  issuer_not_available: 'processing_error',
  live_mode_test_card: 'unsupported',
  lost_card: 'pickup_card',
  merchant_blacklist: 'pickup_card',
  mobile_device_authentication_required: 'authentication_required',
  new_account_information_available: 'card_declined',
  no_action_taken: 'card_declined',
  not_permitted: 'unsupported',
  offline_pin_required: 'authentication_required',
  online_or_offline_pin_required: 'authentication_required',
  pickup_card: 'pickup_card',
  pin_try_exceeded: 'card_declined',
  processing_error: 'processing_error',
  reenter_transaction: 'processing_error',
  restricted_card: 'pickup_card',
  revocation_of_all_authorizations: 'card_declined',
  revocation_of_authorization: 'card_declined',
  security_violation: 'card_declined',
  service_not_allowed: 'unsupported',
  stolen_card: 'pickup_card',
  stop_payment_order: 'card_declined',
  test_mode_live_card: 'unsupported',
  testmode_decline: 'unsupported',
  transaction_not_allowed: 'unsupported',
  try_again_later: 'processing_error',
  withdrawal_count_limit_exceeded: 'insufficient_funds',

  card_decline_rate_limit_exceeded: 'card_declined',
  card_declined: 'card_declined',
  charge_exceeds_source_limit: 'unsupported',
  charge_exceeds_transaction_limit: 'unsupported',
  debit_not_authorized: 'card_declined',
  expired_payment_method: 'expired_card',
  india_recurring_payment_mandate_canceled: 'card_declined',
  invalid_card_type: 'unsupported',
  payment_intent_action_required: 'authentication_required',
  payment_intent_authentication_failure: 'authentication_required',
  payment_intent_incompatible_payment_method: 'unsupported',
  payment_intent_mandate_invalid: 'card_declined',
  payment_intent_payment_attempt_expired: 'processing_error',
  payment_intent_payment_attempt_failed: 'card_declined',
  payment_method_currency_mismatch: 'unsupported',
  payment_method_customer_decline: 'card_declined',
  payment_method_not_available: 'processing_error',
  payment_method_provider_decline: 'card_declined',
  payment_method_provider_timeout: 'processing_error',
  payment_method_restricted: 'unsupported',
  payment_method_unactivated: 'unsupported',
  payment_method_unsupported_type: 'unsupported',
  postal_code_invalid: 'card_declined',
  setup_attempt_failed: 'card_declined',
  setup_intent_authentication_failure: 'authentication_required',
  setup_intent_mandate_invalid: 'card_declined',
  setup_intent_setup_attempt_expired: 'processing_error',
  three_d_secure_authentication_not_supported: 'authentication_required',
  three_d_secure_authentication_upstream_error: 'processing_error',
  token_card_network_invalid: 'unsupported',
};

/**
 * The issuer's own answers that ask for strong authentication, where Stripe gives them under a broader code: `1A` of
 * Visa in Europe, and the `A1` of Cartes Bancaires, which acquirers write with its response code, as `81-A1`.
 */
const SOFT_DECLINES: ReadonlySet<string> = new Set(['1a', 'a1', '81-a1', '81a1']);

/** What an error of Stripe's, or an intent's last one, says of a refusal. */
export interface StripeRefusal {
  code?: string | null | undefined;
  decline_code?: string | null | undefined;
  network_decline_code?: string | null | undefined;
}

/** A code that is not in the table is `card_declined`, and is kept. */
export function declineOfStripe(refusal: StripeRefusal): { code: DeclineCode; providerCode: string } {
  const network = providerCode(refusal.network_decline_code ?? '');
  if (SOFT_DECLINES.has(network)) return { code: 'authentication_required', providerCode: network };
  const given = providerCode(refusal.decline_code ?? refusal.code ?? '');
  return { code: STRIPE_DECLINES[given] ?? 'card_declined', providerCode: given };
}
