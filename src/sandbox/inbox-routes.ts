import express, { type Request, type Router } from 'express';
import { timestamp, type Clock } from '../clock.js';
import { ownPageOnly } from '../console/own-page.js';
import { PageFeeds, type PageFeed } from '../console/page-feed.js';
import { Inbox } from './inbox.js';
import type { InboxState, ReceivedEvent } from './received-event.js';

/** As our own API's. */
const MAX_DELIVERY_BYTES = 64 * 1024;

export interface InboxRoutesOptions {
  /** `CRM_WEBHOOK_SECRET`: deliveries go to `/inbox/events`. */
  webhookSecrets: readonly string[];
  clock: Clock;
}

/** Where the service delivers events, and what shows them to the inbox page. */
export function inboxRoutes(router: Router, { webhookSecrets, clock }: InboxRoutesOptions): void {
  const inbox = new Inbox(webhookSecrets);
  const feeds = new PageFeeds(clock);
  const pages = new Set<PageFeed>();
  const tellState = (page: PageFeed) => {
    const state: InboxState = { refusing: inbox.refusing, endpoint: '/inbox/events' };
    page.put('state', 'state', state);
  };
  const tell = (page: PageFeed, event: ReceivedEvent) =>
    page.put('received', `${event.verdict} ${event.id}`, event);

  router.post(
    '/inbox/events',
    express.text({ type: () => true, limit: MAX_DELIVERY_BYTES }),
    (request, response) => {
      if (inbox.refusing) {
        response.status(503).end();
        return;
      }
      const event = inbox.receive(deliveryHeaders(request), bodyText(request), timestamp(clock.now()));
      for (const page of pages) tell(page, event);
      response.status(event.verdict === 'verified' ? 204 : 401).end();
    },
  );
  router.get('/inbox/stream', ownPageOnly, (_request, response) => {
    const page = feeds.open(response, () => pages.delete(page));
    pages.add(page);
    tellState(page);
    for (const event of inbox.events) tell(page, event);
  });
  router.put(
    '/inbox/refusing',
    ownPageOnly,
    express.json({ strict: false, limit: 16 }),
    (request, response) => {
      inbox.refusing = request.body === true;
      for (const page of pages) tellState(page);
      response.status(204).end();
    },
  );
}

function deliveryHeaders({ headers }: Request) {
  const one = (name: string) => {
    const value = headers[name];
    return typeof value === 'string' ? { [name]: value } : {};
  };
  return { ...one('webhook-id'), ...one('webhook-timestamp'), ...one('webhook-signature') };
}

function bodyText({ body }: Request): string {
  return typeof body === 'string' ? body : '';
}
