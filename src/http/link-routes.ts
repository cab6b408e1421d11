import { z } from 'zod';
import { freeText } from '../call/arm-body.js';
import type { Links } from '../call/links.js';
import { LINK_CHANNELS } from '../capture/view.js';
import { linkSchema } from './capture-schema.js';
import { idParams, noQuery } from './path-params.js';
import { route, type Route } from './route.js';

/** The longest mail address there is. */
const MAX_ADDRESS = 254;

export const linkBody = z.strictObject({
  channel: z.enum(LINK_CHANNELS).describe('`spoken`: nothing is sent, the agent reads address and code out.'),
  to: freeText(MAX_ADDRESS)
    .nullable()
    .default(null)
    .describe(
      'A number in E.164 or a mail address; null: the number that the caller phones from, for `sms`.',
    ),
});

export function linkRoutes(links: Links): Route[] {
  return [
    route({
      method: 'post',
      path: '/v1/captures/{id}/link',
      summary: 'Has a capture paid by a link.',
      description:
        "Sends the payer to a page of the provider's, for what the capture was to charge: in place of keying, or after " +
        'a refusal. The capture is `processing` until the link is paid, fails, or expires after 30 minutes; asked for ' +
        'again in that time, the same link is sent again, by this channel.',
      scope: 'captures:write',
      params: idParams,
      query: noQuery,
      body: linkBody,
      idempotent: true,
      answer: { status: 201, schema: linkSchema, description: 'The link.' },
      problems: [
        'no_provider',
        'not_found',
        'link_not_possible',
        'limit_reached',
        'psp_cannot',
        'psp_misconfigured',
        'psp_unavailable',
        'redis_unavailable',
        'vault_unavailable',
      ],
      handle: ({ client, params, body }) => links.send(client.merchant, params.id, body),
    }),
  ];
}
