import { z } from 'zod';
import { MESSAGE_CHANNELS, MESSAGE_FAULTS, MESSAGE_STATES } from '../message/messages.js';
import { RECEIPT_KINDS, type Receipts, type ReceiptView } from '../receipts/receipts.js';
import { noParams, OBJECT_NAME } from './path-params.js';
import { route, type Route } from './route.js';

export const receiptSchema = z
  .object({
    kind: z.enum(RECEIPT_KINDS),
    about: z.string().describe('The charge, refund or capture that it tells of.'),
    channel: z.enum(MESSAGE_CHANNELS),
    to: z.string().describe('Masked.'),
    state: z.enum(MESSAGE_STATES).describe('`sent`: the carrier or the mail server has taken it.'),
    reason: z.enum(MESSAGE_FAULTS).nullable().describe('Null unless `failed`.'),
    updated_at: z.iso.datetime().describe('Of the last change of `state`.'),
  })
  .describe('What became of a receipt.') satisfies z.ZodType<ReceiptView>;

export const receiptListSchema = z.object({ receipts: z.array(receiptSchema) });

export function receiptRoutes(receipts: Receipts): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/receipts',
      summary: 'Tells what became of the receipts of a charge, a refund or a capture.',
      description: 'Empty where none was asked for, or nothing has happened yet that a payer is told of.',
      scope: 'charges:write',
      params: noParams,
      query: z.strictObject({
        of: z.string().regex(OBJECT_NAME).describe('The id of a charge, a refund or a capture.'),
      }),
      answer: { status: 200, schema: receiptListSchema, description: 'Its receipts, one a channel.' },
      problems: ['bad_request', 'redis_unavailable'],
      handle: async ({ client, query }) => ({ receipts: await receipts.list(client.merchant, query.of) }),
    }),
  ];
}
