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

/** The same, and what we refuse ourselves before a provider is asked: too many cards are being tried. */
export const REFUSAL_CODES = [...DECLINE_CODES, 'limit_reached'] as const;
export type RefusalCode = (typeof REFUSAL_CODES)[number];
