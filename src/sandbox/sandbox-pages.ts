import express from 'express';
import type { Request, Response, Router } from 'express';
import { timestamp, type Clock } from '../clock.js';
import { loopbackOnly, ownPageOnly } from '../console/own-page.js';
import { PageFeeds, type PageFeed } from '../console/page-feed.js';
import { webPages } from '../console/web-pages.js';
import { AppError } from '../errors.js';
import { send } from '../http/answer.js';
import { problemAnswer } from '../http/problem.js';
import { Inbox } from './inbox.js';
import type { InboxState, ReceivedEvent } from './received-event.js';
import type { SandboxStart } from './sandbox-start.js';

/** As our own API's. */
const MAX_DELIVERY_BYTES = 64 * 1024;

export interface SandboxPagesOptions {
  start: SandboxStart;
  /** `CRM_WEBHOOK_SECRET`: deliveries go to `/inbox/events`. */
  webhookSecrets: readonly string[];
  clock: Clock;
  /** Where `vite build` put the pages. */
  webRoot: string;
}

/** The sandbox's home, the caller's telephone and the CRM's inbox; mounted at `/` beside the simulated carrier. */
export function createSandboxPages(options: SandboxPagesOptions): Router {
  const router = express.Router({ caseSensitive: true, strict: true });
  router.use(
    loopbackOnly,
    webPages({
      webRoot: options.webRoot,
      pages: {
        '/': 'sandbox/web/home.html',
        '/phone': 'sandbox/web/phone.html',
        '/inbox': 'sandbox/web/inbox.html',
      },
    }),
  );
  router.get('/sandbox.json', ownPageOnly, (_request, response) => {
    response.set('cache-control', 'no-store').json(options.start);
  });
  inboxRoutes(router, options);
  router.use(answerProblem);
  return router;
}

function inboxRoutes(router: Router, { webhookSecrets, clock }: SandboxPagesOptions): void {
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

const answerProblem = (error: unknown, _request: Request, response: Response, _next: () => void): void => {
  const tooLarge = (error as { type?: unknown }).type === 'entity.too.large';
  send(
    response,
    problemAnswer(tooLarge ? new AppError('payload_too_large', 'the body is too large') : error),
  );
};
