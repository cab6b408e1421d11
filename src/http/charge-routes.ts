import { z } from 'zod';
import { amount, currency, freeText, receipt } from '../call/arm-body.js';
import { NETWORKS } from '../card/networks.js';
import type { Charges } from '../charge/charges.js';
import type { RefundView } from '../charge/refund-view.js';
import type { ErrorCode } from '../errors.js';
import { chargeSchema } from './capture-schema.js';
import { idParams, noParams, noQuery } from './path-params.js';
import { route, type Route } from './route.js';

export const chargeBody = z.strictObject({
  token: z.string().min(1).max(64).describe('Ours for the card, in any case.'),
  amount: amount(1).describe("In the currency's minor unit."),
  currency: currency.describe('ISO 4217 code.'),
  reference: freeText(200).nullable().default(null).describe('Yours: an order, an invoice.'),
  network: z
    .enum(NETWORKS)
    .nullable()
    .default(null)
    .describe(
      'What the payer chose of a card that has two brands; null: as when it was keyed, else the provider decides.',
    ),
  receipt: receipt.nullable().default(null),
});

export const refundBody = z.strictObject({
  amount: amount(1)
    .nullable()
    .default(null)
    .describe("In the currency's minor unit; null: all that is left."),
});

export const refundSchema = z
  .object({
    id: z.string().meta({ examples: ['rfd_6T1M9C4X8Z2Q7V0K5R3W1JNHBG'] }),
    kind: z.enum(['refund', 'void']).describe('A void undoes all of a charge.'),
    made: z
      .enum(['here', 'elsewhere'])
      .describe('`elsewhere`: not by this service, but in the provider’s own console, say.'),
    amount: z.int().describe("In the currency's minor unit."),
    currency: z.string(),
    status: z.enum(['succeeded', 'failed', 'unknown']).describe('`unknown` will be settled.'),
    updated_at: z.iso.datetime().describe('Of the last change of `status`.'),
  })
  .describe('Money given back of a charge, or tried to be.') satisfies z.ZodType<RefundView>;

export const refundListSchema = z.object({ refunds: z.array(refundSchema) });

const theCharge = { schema: chargeSchema, description: 'The charge.' } as const;
/** Where money moves. */
const MOVING: readonly ErrorCode[] = [
  ...(['bad_request', 'not_found', 'no_provider', 'psp_cannot'] as const),
  ...(['psp_misconfigured', 'psp_unavailable', 'vault_unavailable', 'redis_unavailable'] as const),
];

export function chargeRoutes(charges: Charges): Route[] {
  return [
    route({
      method: 'post',
      path: '/v1/charges',
      summary: 'Charges a token.',
      description:
        'Answers 201 with the Charge, approved or not. `unknown` will be settled by itself, and told by an event: ' +
        'never charge again under another key. The same key with the same token is the same charge, for 13 months. ' +
        'Sentences in `decline` are in the language of `Accept-Language`, English or French.',
      scope: 'charges:write',
      params: noParams,
      query: noQuery,
      body: chargeBody,
      idempotent: 'required',
      answer: { status: 201, ...theCharge },
      problems: [...MOVING, 'token_spent', 'token_closed', 'too_many_charges', 'limit_reached', 'unsettled'],
      handle: ({ client, body, idempotencyKey, language }) =>
        charges.charge(client.merchant, { ...body, idempotencyKey, language }),
      location: (charge) => `/v1/charges/${charge.id}`,
    }),
    route({
      method: 'get',
      path: '/v1/charges/{id}',
      summary: 'Reads one charge.',
      scope: 'charges:write',
      params: idParams,
      query: noQuery,
      answer: { status: 200, ...theCharge },
      problems: ['not_found', 'redis_unavailable'],
      handle: ({ client, params }) => charges.get(client.merchant, params.id),
    }),
    route({
      method: 'get',
      path: '/v1/charges/{id}/refunds',
      summary: 'Lists what was given back of a charge, or was tried to be.',
      description: 'Refunds and voids, the oldest first; those that failed, or are not settled yet, too.',
      scope: 'charges:write',
      params: idParams,
      query: noQuery,
      answer: {
        status: 200,
        schema: refundListSchema,
        description: 'The refunds of the charge, 100 at most.',
      },
      problems: ['not_found', 'redis_unavailable'],
      handle: async ({ client, params }) => ({ refunds: await charges.refunds(client.merchant, params.id) }),
    }),
    route({
      method: 'post',
      path: '/v1/charges/{id}/refunds',
      summary: 'Gives back a part of a charge, or all that is left.',
      description:
        'Never more than was taken. `refunded` says what has been given back for certain; an event tells when the ' +
        'provider answers later. The same key with the same charge is the same refund, for 13 months.',
      scope: 'charges:write',
      params: idParams,
      query: noQuery,
      body: refundBody,
      idempotent: 'required',
      answer: { status: 201, ...theCharge },
      problems: MOVING,
      handle: ({ client, params, body, idempotencyKey }) =>
        charges.refund(client.merchant, params.id, body.amount, idempotencyKey),
    }),
    route({
      method: 'post',
      path: '/v1/charges/{id}/void',
      summary: 'Undoes all of a charge before it is settled between the banks.',
      description: 'Where it is too late, or the provider has no such thing: 409, and a refund is the way.',
      scope: 'charges:write',
      params: idParams,
      query: noQuery,
      idempotent: 'required',
      answer: { status: 200, ...theCharge },
      problems: [...MOVING, 'charge_not_voidable'],
      handle: ({ client, params, idempotencyKey }) =>
        charges.void(client.merchant, params.id, idempotencyKey),
    }),
  ];
}
