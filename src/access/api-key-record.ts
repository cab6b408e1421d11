import { z } from 'zod';
import { MERCHANT } from '../capture/flow.js';
import { holdsCardNumber } from '../card/card-like.js';
import { AppError } from '../errors.js';
import type { ApiKeyState } from './api-keys.js';
import { isScope, type Scope } from './scope.js';

/** What is kept of an API key beside its digest; times in ms since the epoch. */
export interface ApiKeyRecord {
  id: string;
  principal: string;
  merchant: string;
  scopes: readonly Scope[];
  created: number;
  /** Null: at no set time. */
  expires: number | null;
  /** From here on disuse counts: when it was made, or enabled again. */
  enabled: number;
  /** To the hour; null: never yet. */
  used: number | null;
}

/** PCI DSS 8.2.6. */
export const MAX_UNUSED_DAYS = 90;
const DAY_MS = 86_400_000;

/** Lower case: no stored principal is taken for `API_KEY`, that of the settings. */
const PRINCIPAL = /^[a-z0-9][a-z0-9.@+_-]{0,63}$/;

const schema = z.object({
  id: z.string(),
  principal: z.string().regex(PRINCIPAL),
  merchant: z.string().regex(MERCHANT),
  // One that a newer version knows opens nothing here.
  scopes: z.array(z.string()).transform((scopes) => scopes.filter(isScope)),
  created: z.number(),
  expires: z.number().nullable(),
  enabled: z.number(),
  used: z.number().nullable(),
}) satisfies z.ZodType<ApiKeyRecord>;

/** Reads a record as Redis holds it. Throws AppError `internal`, which repeats nothing of it. */
export function parseApiKeyRecord(text: string): ApiKeyRecord {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new AppError('internal', 'an API key record can not be read');
  }
}

/** Names go into logs: a principal is no free text. */
export function isPrincipal(text: string): boolean {
  return PRINCIPAL.test(text) && !holdsCardNumber(text);
}

export function isMerchant(text: string): boolean {
  return MERCHANT.test(text);
}

/** What a key is worth at `now`. It follows from the record alone: nothing has to run for a key to end. */
export function stateOf({ expires, enabled, used }: ApiKeyRecord, now: number): ApiKeyState {
  if (expires !== null && expires <= now) return 'expired';
  return now - Math.max(enabled, used ?? 0) < MAX_UNUSED_DAYS * DAY_MS ? 'active' : 'disabled';
}
