import type { Calls } from '../call/calls.js';
import { callListSchema, callSchema } from './call-schema.js';
import { idParams, noParams, noQuery } from './path-params.js';
import { route, type Route } from './route.js';

export function callRoutes(calls: Calls): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/calls',
      summary: 'Lists calls: live ones first, then recent ones.',
      scope: 'captures:read',
      params: noParams,
      query: noQuery,
      answer: { status: 200, schema: callListSchema, description: 'The calls.' },
      handle: async ({ client }) => ({ calls: await calls.list(client.merchant) }),
    }),
    route({
      method: 'get',
      path: '/v1/calls/{id}',
      summary: 'Reads one call.',
      description: "`id` may be the carrier's SID of either leg.",
      scope: 'captures:read',
      params: idParams,
      query: noQuery,
      answer: { status: 200, schema: callSchema, description: 'The call.' },
      problems: ['not_found'],
      handle: ({ client, params }) => calls.call(client.merchant, params.id),
    }),
  ];
}
