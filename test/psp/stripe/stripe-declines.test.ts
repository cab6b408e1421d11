import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { STRIPE_DECLINES, declineOfStripe } from '../../../src/psp/stripe/stripe-declines.js';
import { DECLINE_CODES } from '../../../src/psp/decline-code.js';

/** docs.stripe.com/declines/codes, in the order of the page. */
const DECLINES_OF_THE_PAGE = `authentication_required approve_with_id call_issuer card_not_supported
  card_velocity_exceeded currency_not_supported do_not_honor do_not_try_again duplicate_transaction expired_card
  fraudulent generic_decline incorrect_number incorrect_cvc incorrect_pin incorrect_zip insufficient_funds
  invalid_account invalid_amount invalid_cvc invalid_expiry_month invalid_expiry_year invalid_number invalid_pin
  issuer_not_available lost_card merchant_blacklist mobile_device_authentication_required
  new_account_information_available no_action_taken not_permitted offline_pin_required
  online_or_offline_pin_required pickup_card pin_try_exceeded processing_error reenter_transaction restricted_card
  revocation_of_all_authorizations revocation_of_authorization security_violation service_not_allowed stolen_card
  stop_payment_order testmode_decline transaction_not_allowed try_again_later
  withdrawal_count_limit_exceeded`.split(/\s+/);

/** Of cards or intents by their names, yet faults of a request or of other ways to pay. */
const NOT_A_REFUSAL = new Set(
  `capture_charge_authorization_expired authentication_failure payment_method_bank_account_already_verified
  cardholder_phone_number_required charge_already_captured charge_already_refunded charge_disputed
  charge_expired_for_capture charge_invalid_parameter charge_not_refundable customer_max_payment_methods
  financial_account_capability_not_enabled invalid_charge_amount payment_intent_invalid_parameter
  payment_intent_konbini_rejected_confirmation_number payment_intent_rate_limit_exceeded
  payment_intent_unexpected_state payment_method_bank_account_blocked
  payment_method_billing_details_address_missing payment_method_configuration_failures
  payment_method_invalid_parameter payment_method_invalid_parameter_testmode payment_method_microdeposit_failed
  payment_method_microdeposit_processing_error payment_method_microdeposit_verification_amounts_invalid
  payment_method_microdeposit_verification_amounts_mismatch
  payment_method_microdeposit_verification_attempts_exceeded
  payment_method_microdeposit_verification_descriptor_code_mismatch payment_method_microdeposit_verification_timeout
  payment_method_unexpected_state setup_intent_invalid_parameter setup_intent_mobile_wallet_unsupported
  setup_intent_unexpected_state`.split(/\s+/),
);

describe('STRIPE_DECLINES', () => {
  it('has a row for every decline code that is documented', () => {
    expect(DECLINES_OF_THE_PAGE.filter((code) => !(code in STRIPE_DECLINES))).toEqual([]);
  });

  it('has a row for every error code that tells of a card refused', () => {
    const codes = errorCodes().filter(
      (code) =>
        /^(card|charge|payment_intent|payment_method|setup|three_d)_|cvc|expir(y|ed_)|authentication|insufficient/.test(
          code,
        ) && !/^(api_key|platform|coupon|token_|india|customer_session|balance)/.test(code),
    );
    expect(codes.length).toBeGreaterThan(50);
    expect(codes.filter((code) => !(code in STRIPE_DECLINES) && !NOT_A_REFUSAL.has(code))).toEqual([]);
  });

  it('speaks neutral codes alone, and every one of them', () => {
    expect(new Set(Object.values(STRIPE_DECLINES))).toEqual(new Set(DECLINE_CODES));
  });
});

describe('declineOfStripe', () => {
  it.each([
    [
      { code: 'card_declined', decline_code: 'insufficient_funds' },
      'insufficient_funds',
      'insufficient_funds',
    ],
    [{ code: 'incorrect_cvc' }, 'incorrect_cvc', 'incorrect_cvc'],
    [{ code: 'card_declined', decline_code: 'lost_card' }, 'pickup_card', 'lost_card'],
    [
      { code: 'authentication_required', decline_code: 'authentication_required' },
      'authentication_required',
      'authentication_required',
    ],
    [{ code: 'card_declined', decline_code: 'never_heard_of' }, 'card_declined', 'never_heard_of'],
    [{ code: null }, 'card_declined', 'unknown'],
    [{}, 'card_declined', 'unknown'],
  ])('reads %j', (refusal, code, kept) => {
    expect(declineOfStripe(refusal)).toEqual({ code, providerCode: kept });
  });

  it.each([
    ['1A', '1a'],
    ['A1', 'a1'],
    ['81-A1', '81-a1'],
  ])('takes the issuer’s %s for a wish to authenticate', (network, kept) => {
    const refusal = { code: 'card_declined', decline_code: 'do_not_honor', network_decline_code: network };
    expect(declineOfStripe(refusal)).toEqual({ code: 'authentication_required', providerCode: kept });
  });

  it('keeps of an unknown code what can only be a code', () => {
    const strange = `Card <4242 4242> é "${'x'.repeat(100)}`;
    const { code, providerCode } = declineOfStripe({ decline_code: strange });
    expect(code).toBe('card_declined');
    expect(providerCode).toMatch(/^cardx{60}$/);
  });
});

/** Every `code` of an error that Stripe's own package knows. */
function errorCodes(): string[] {
  const types = readFileSync('node_modules/stripe/esm/resources/SetupAttempts.d.ts', 'utf8');
  const line = types.split('\n').find((text) => text.includes("type Code = 'account_closed'")) ?? '';
  return [...line.matchAll(/'(\w+)'/g)].map((match) => match[1] ?? '');
}
