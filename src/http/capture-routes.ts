import { z } from 'zod';
import { armBody, freeText } from '../call/arm-body.js';
import type { Calls } from '../call/calls.js';
import { FIELD_NAMES, type CaptureView } from '../capture/view.js';
import { AppError } from '../errors.js';
import { captureListSchema, captureSchema } from './capture-schema.js';
import { orNull, pageQuery } from './page-query.js';
import { idParams, noParams, noQuery, OBJECT_NAME } from './path-params.js';
import { route, type Route } from './route.js';

const captureQuery = pageQuery.extend({
  reference: freeText(200).optional().transform(orNull).describe('Only captures armed with this reference.'),
});
const fieldParams = idParams.extend({ name: z.enum(FIELD_NAMES) });

const theCapture = { status: 200, schema: captureSchema, description: 'The capture.' } as const;

export function captureRoutes(calls: Calls): Route[] {
  return [
    route({
      method: 'post',
      path: '/v1/captures',
      summary: 'Arms a capture on a live call.',
      description:
        'From now on, what the caller keys is collected. A live call has one capture at a time. `security-code` is ' +
        'taken only where it is used: with `verify` and `charge`.',
      scope: 'captures:write',
      params: noParams,
      query: noQuery,
      body: armBody,
      idempotent: true,
      answer: { status: 201, schema: captureSchema, description: 'The capture, collecting.' },
      problems: [
        'no_provider',
        'not_found',
        'call_not_live',
        'capture_in_progress',
        'limit_reached',
        'draining',
        'redis_unavailable',
        'vault_unavailable',
      ],
      async handle({ client, body }) {
        if (!OBJECT_NAME.test(body.call)) throw new AppError('not_found', 'there is no such call');
        return calls.arm(client.merchant, body);
      },
      location: (capture) => `/v1/captures/${capture.id}`,
    }),
    route({
      method: 'get',
      path: '/v1/captures',
      summary: 'Lists captures.',
      scope: 'captures:read',
      params: noParams,
      query: captureQuery,
      answer: { status: 200, schema: captureListSchema, description: 'A page of captures, newest first.' },
      problems: ['bad_request', 'redis_unavailable'],
      handle: ({ client, query }) => calls.captures(client.merchant, query),
    }),
    route({
      method: 'get',
      path: '/v1/captures/{id}',
      summary: 'Reads one capture.',
      scope: 'captures:read',
      params: idParams,
      query: noQuery,
      answer: theCapture,
      problems: ['not_found', 'redis_unavailable'],
      handle: ({ client, params }) => calls.capture(client.merchant, params.id),
    }),
    route({
      method: 'post',
      path: '/v1/captures/{id}/cancel',
      summary: 'Ends a capture; what was keyed is wiped.',
      description:
        'A second cancel answers 200 too. Of one that waits for its payment link the page is closed first; 409 when it ' +
        'has been paid.',
      scope: 'captures:write',
      params: idParams,
      query: noQuery,
      answer: theCapture,
      problems: ['not_found', 'capture_over', 'psp_unavailable'],
      handle: ({ client, params }) => calls.cancel(client.merchant, params.id),
    }),
    route({
      method: 'post',
      path: '/v1/captures/{id}/extend',
      summary: 'Gives the field in progress its time again.',
      scope: 'captures:write',
      params: idParams,
      query: noQuery,
      answer: theCapture,
      problems: ['not_found', 'capture_over'],
      handle: ({ client, params }) => calls.extend(client.merchant, params.id),
    }),
    route({
      method: 'post',
      path: '/v1/captures/{id}/fields/{name}/clear',
      summary: 'Asks for a field again, and for those after it.',
      scope: 'captures:write',
      params: fieldParams,
      query: noQuery,
      answer: theCapture,
      problems: ['not_found', 'capture_over'],
      handle: ({ client, params }) => calls.clearField(client.merchant, params.id, params.name),
    }),
    route({
      method: 'get',
      path: '/v1/captures/{id}/events',
      summary: 'Follows a capture by server-sent events.',
      description:
        'A `capture` event with the Capture now, and on every change; changes of a field in progress move on a grid ' +
        'of 160 ms. The stream ends after the event that shows the capture is over.',
      scope: 'captures:read',
      params: idParams,
      query: noQuery,
      answer: theCapture,
      problems: ['not_found', 'too_many_streams', 'redis_unavailable'],
      handle: ({ client, params }) => calls.capture(client.merchant, params.id),
      stream: {
        event: 'capture',
        watch: ({ client, params }, listener) => calls.watchCapture(client.merchant, params.id, listener),
        over: isOver,
      },
    }),
  ];
}

function isOver(capture: CaptureView): boolean {
  return capture.status !== 'collecting' && capture.status !== 'processing';
}
