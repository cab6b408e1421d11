/** Why a payment was refused, in one language for all providers. */
export const DECLINE_CODES = [
  'card_declined',
  'expired_card',
  'incorrect_cvc',
  'incorrect_number',
  'insufficient_funds',
  'authentication_required',
  'processing_error',
  'call_issuer',
  'pickup_card',
  'unsupported',
] as const;
export type DeclineCode = (typeof DECLINE_CODES)[number];

/**
 * The same, and ours: too many cards are being tried, so that no provider was asked; and a bank that wants a payer to
 * authenticate of whom no amount is asked, so that there is nothing which he could pay by a link.
 */
export const REFUSAL_CODES = [...DECLINE_CODES, 'limit_reached', 'not_by_phone'] as const;
export type RefusalCode = (typeof REFUSAL_CODES)[number];
