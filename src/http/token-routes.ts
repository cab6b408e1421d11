import { z } from 'zod';
import { AppError } from '../errors.js';
import type { Vault } from '../vault/vault.js';
import { noQuery, OBJECT_NAME } from './path-params.js';
import { route, type Route } from './route.js';
import { tokenSchema } from './token-schema.js';

const tokenParams = z.strictObject({ token: z.string().regex(OBJECT_NAME) });

export function tokenRoutes(vault: Vault): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/tokens/{token}',
      summary: 'Reads what may be shown of the card behind a token.',
      scope: 'tokens:read',
      params: tokenParams,
      query: noQuery,
      answer: { status: 200, schema: tokenSchema, description: 'The token, never the card number.' },
      problems: ['not_found', 'vault_unavailable', 'unsettled'],
      async handle({ client, params }) {
        const token = await vault.token(client.merchant, params.token);
        if (token === null) throw noSuchToken();
        return token;
      },
    }),
    route({
      method: 'delete',
      path: '/v1/tokens/{token}',
      summary: 'Destroys the card behind a token.',
      scope: 'tokens:delete',
      params: tokenParams,
      query: noQuery,
      answer: { status: 204, schema: null, description: 'Destroyed.' },
      problems: ['not_found', 'vault_unavailable', 'unsettled'],
      async handle({ client, params }) {
        if (!(await vault.destroy(client.merchant, params.token))) throw noSuchToken();
      },
    }),
  ];
}

function noSuchToken(): AppError {
  return new AppError('not_found', 'there is no such token, or its card is gone');
}
