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

/**
 * Refusals that have words of their own: each code, and `not_by_phone` for an `authentication_required` where no amount
 * is asked, so that there is nothing to be paid by a link.
 */
export const REFUSAL_NAMES = [...REFUSAL_CODES, 'not_by_phone'] as const;
export type RefusalName = (typeof REFUSAL_NAMES)[number];

/** The name of a refusal that is shown with this code and this next step; null when it has none here. */
export function refusalNamed(code: string, next: string): RefusalName | null {
  if (code === 'authentication_required' && next !== 'link') return 'not_by_phone';
  return REFUSAL_CODES.find((each) => each === code) ?? null;
}
