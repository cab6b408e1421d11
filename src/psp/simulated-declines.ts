import type { DeclineCode } from './decline-code.js';

/** What the simulated provider's own words mean. */
const DECLINES: ReadonlyMap<string, DeclineCode> = new Map([
  ['do_not_honour', 'card_declined'],
  ['expired_card', 'expired_card'],
  ['wrong_code', 'incorrect_cvc'],
  ['no_such_number', 'incorrect_number'],
  ['test_cards_only', 'incorrect_number'],
  ['no_funds', 'insufficient_funds'],
  ['81-a1', 'authentication_required'],
  ['not_authenticated', 'authentication_required'],
  ['system_error', 'processing_error'],
  ['expired', 'processing_error'],
  ['closed', 'processing_error'],
  ['refer_to_issuer', 'call_issuer'],
  ['pick_up_card', 'pickup_card'],
  ['not_permitted', 'unsupported'],
  ['network_not_on_card', 'unsupported'],
] as const);

/** A word that is not known is a refusal without a reason. `code` as `providerCode` makes it. */
export function simulatedDecline(code: string): DeclineCode {
  return DECLINES.get(code) ?? 'card_declined';
}
