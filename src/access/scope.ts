/** What an API key may be for. */
export const SCOPE_MEANINGS = {
  'captures:write': 'arm captures on live calls, and steer them',
  'captures:read': 'see calls and captures',
  'tokens:read': 'see what may be shown of a card',
  'tokens:delete': 'destroy the card behind a token',
  'charges:write': 'move money: charges and refunds',
  'events:read': 'see the events for the CRM',
  'audit:read': 'read the audit trail: no operation asks for it yet',
  'keys:admin': 'manage API keys: no operation asks for it yet',
} as const;

export type Scope = keyof typeof SCOPE_MEANINGS;

export const SCOPES = Object.keys(SCOPE_MEANINGS) as Scope[];

export function isScope(text: string): text is Scope {
  return Object.hasOwn(SCOPE_MEANINGS, text);
}
