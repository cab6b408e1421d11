import { z } from 'zod';

/**
 * What things are called: an id of ours, or a carrier's SID. Nothing else is looked up: a card number in a URL would
 * reach Redis as part of a key.
 */
export const OBJECT_NAME = /^(?:[a-z]{2,6}_[0-9A-Za-z]{26}|[A-Z]{2}[0-9a-f]{32})$/;

export const noParams = z.strictObject({});
export const noQuery = z.strictObject({});
export const idParams = z.strictObject({ id: z.string().regex(OBJECT_NAME) });
