import type { EventLog, LoggedEvent } from '../crm/event.js';
import { eventListSchema } from './event-schema.js';
import { pageQuery } from './page-query.js';
import { noParams } from './path-params.js';
import { route, type Route } from './route.js';

export function eventRoutes(events: EventLog): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/events',
      summary: 'Lists the events that went, or are to go, to the CRM, for 30 days.',
      scope: 'events:read',
      params: noParams,
      query: pageQuery,
      answer: { status: 200, schema: eventListSchema, description: 'A page of events.' },
      problems: ['bad_request', 'redis_unavailable'],
      async handle({ client, query }) {
        const page = await events.list(client.merchant, query);
        return { events: page.events.map(shown), cursor: page.cursor };
      },
    }),
  ];
}

/** An event as its reader knows it: the merchant is their own. */
function shown({ id, type, timestamp, livemode, sequence, data, delivery }: LoggedEvent) {
  return { id, type, timestamp, livemode, sequence, data: { ...data }, delivery };
}
