import type { FieldName, Outcome } from './view.js';

/** Why these fields can't be collected together; null when they can. For people: it says what to do. */
export function fieldsFault(fields: readonly FieldName[]): string | null {
  if (new Set(fields).size !== fields.length) return 'a field is named twice: name each once';
  const number = fields.indexOf('payment-card-number');
  if (number < 0 || !fields.includes('expiration-date')) {
    return 'a card takes payment-card-number and expiration-date: name both';
  }
  const code = fields.indexOf('security-code');
  if (code >= 0 && code < number) {
    return 'security-code comes before payment-card-number, whose brand says its length: swap them';
  }
  return null;
}

/** The same, for what is to be done with the card. */
export function outcomeFault(outcome: Outcome, fields: readonly FieldName[]): string | null {
  if (outcome === 'token' && fields.includes('security-code')) {
    return 'a security code may not be kept, so a token takes none: leave security-code out, or ask for verify or charge';
  }
  return fieldsFault(fields);
}
