import { z } from 'zod';
import { BRANDS } from '../card/brands.js';
import { AppError } from '../errors.js';
import { DURABILITY_LEVELS } from '../redis/durability-level.js';
import type { CardRecord } from './token-store.js';
import { PURPOSES } from './vault.js';

const schema: z.ZodType<CardRecord> = z.strictObject({
  brand: z.enum(BRANDS),
  last4: z.string(),
  exp_month: z.number(),
  exp_year: z.number(),
  fingerprint: z.string(),
  purpose: z.enum(PURPOSES),
  channel: z.enum(['moto_attended', 'moto_ivr', 'ecommerce']),
  created: z.number(),
  expires: z.number(),
  durability: z.enum(DURABILITY_LEVELS),
  consent: z.strictObject({ at: z.string(), wording: z.string() }).nullable(),
  metadata: z.record(z.string(), z.string()),
});

/** Reads a record as Redis holds it. Throws AppError `internal`, which repeats nothing of it. */
export function parseRecord(text: string): CardRecord {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new AppError('internal', 'a card record can not be read');
  }
}
