import { z } from 'zod';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 100;

/** What was left out, as the rooms below have it. */
export function orNull<T>(value: T | undefined): T | null {
  return value ?? null;
}

/** The query parameters of every list, each null or its default when left out. */
export const pageQuery = z.strictObject({
  since: z.iso
    .datetime({ offset: true })
    .optional()
    .transform((text) => (text === undefined ? null : new Date(text).toISOString()))
    .describe('RFC 3339: only what was made then or later.'),
  cursor: z
    .string()
    .regex(/^[\w.:=-]{1,256}$/)
    .optional()
    .transform(orNull)
    .describe('From the page before.'),
  limit: z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= MAX_LIMIT, `must be from 1 to ${MAX_LIMIT}`)
    .default(DEFAULT_LIMIT)
    .describe(`How many at most: 1 to ${MAX_LIMIT}, ${DEFAULT_LIMIT} when left out.`),
});
