import type { FieldError, FieldName } from './view.js';

/** What a refused card says is wrong with one field, so that the caller can key that one again. */
export interface Correction {
  field: FieldName;
  error: FieldError;
}

/** Refusals that are about what was keyed, by their neutral codes. Every other one is about the card or the account. */
const CORRECTIONS: ReadonlyMap<string, Correction> = new Map([
  ['incorrect_number', { field: 'payment-card-number', error: 'invalid-card-number' }],
  ['expired_card', { field: 'expiration-date', error: 'invalid-date' }],
  ['incorrect_cvc', { field: 'security-code', error: 'invalid-security-code' }],
]);

/** What the caller can key again after a refusal with this code; null: nothing. */
export function correctionOf(code: string): Correction | null {
  return CORRECTIONS.get(code) ?? null;
}
