import { z } from 'zod';
import { AppError } from '../errors.js';
import { idParams, noParams, noQuery } from './path-params.js';
import { route, type Route } from './route.js';

function noProvider(): AppError {
  return new AppError('no_provider', 'this service has no payment provider, so it takes no money');
}

const neverAnswered = {
  status: 201,
  schema: z.never(),
  description: 'Not without a payment provider.',
} as const;

/** Where money will move. Without a provider the doors exist and say so, whatever the body. */
export function chargeRoutes(): Route[] {
  return [
    route({
      method: 'post',
      path: '/v1/charges',
      summary: 'Charges a token. Needs a payment provider.',
      scope: 'charges:write',
      params: noParams,
      query: noQuery,
      answer: neverAnswered,
      problems: ['no_provider'],
      handle: () => Promise.reject(noProvider()),
    }),
    route({
      method: 'get',
      path: '/v1/charges/{id}',
      summary: 'Reads one charge.',
      scope: 'charges:write',
      params: idParams,
      query: noQuery,
      answer: { ...neverAnswered, status: 200 },
      problems: ['not_found'],
      handle: () => Promise.reject(new AppError('not_found', 'there is no such charge')),
    }),
    route({
      method: 'post',
      path: '/v1/charges/{id}/refunds',
      summary: 'Refunds a charge. Needs a payment provider.',
      scope: 'charges:write',
      params: idParams,
      query: noQuery,
      answer: neverAnswered,
      problems: ['no_provider'],
      handle: () => Promise.reject(noProvider()),
    }),
  ];
}
