import { z } from 'zod';
import { BRANDS } from '../card/brands.js';
import type { SeenCard } from './psp.js';

/** Nothing that could be a number: a provider that shows one as its fingerprint has none. */
const fingerprint = z.string().regex(/^(?!\d+$)[!-~]{1,64}$/);

const seenCardSchema = z.object({
  brand: z.enum(BRANDS),
  last4: z.string().regex(/^\d{4}$/),
  expMonth: z.int().min(1).max(12),
  expYear: z.int().min(2000).max(9999),
  fingerprint: fingerprint.nullable().catch(null),
});

/** What a provider says of a card; null where that is of no brand that we know, or something else than it should be. */
export function seenCard(said: Readonly<Record<keyof SeenCard, unknown>>): SeenCard | null {
  return seenCardSchema.safeParse(said).data ?? null;
}
