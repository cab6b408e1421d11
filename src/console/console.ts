import express from 'express';
import type { RequestHandler, Router } from 'express';
import { z } from 'zod';
import { armBody } from '../call/arm-body.js';
import type { Calls } from '../call/calls.js';
import type { Links } from '../call/links.js';
import { FIELD_NAMES, type CaptureView, type LinkView, type Outcome } from '../capture/view.js';
import { timestamp, type Clock } from '../clock.js';
import { AppError } from '../errors.js';
import { linkBody } from '../http/link-routes.js';
import { readJson } from '../http/request-body.js';
import { checked } from '../http/validation.js';
import type { DeskStart } from './desk-start.js';
import { loopbackOnly, ownPageOnly } from './own-page.js';
import { PageFeeds } from './page-feed.js';
import { webPages } from './web-pages.js';

export interface ConsoleOptions {
  calls: Calls;
  links: Links;
  /** Whose calls are shown. */
  merchant: string;
  clock: Clock;
  /** On a live service there is no console until somebody can sign in there. */
  live: boolean;
  /** WebSocket URL of the agent's telephone in the sandbox; null when agents have phones of their own. */
  softphoneUrl: string | null;
  /** What can be done with a card here. */
  outcomes: readonly Outcome[];
  /** Where `vite build` put the pages. */
  webRoot: string;
}

/** What the agent's page may say; the rest is the flow's, or the API's. */
const consoleArmBody = z.strictObject({
  call: armBody.shape.call,
  outcome: armBody.shape.outcome,
  reference: armBody.shape.reference,
  amount: armBody.shape.amount,
  currency: armBody.shape.currency,
});

const fieldName = z.enum(FIELD_NAMES);

/** The agents' page and what it talks to; mounted at `/console`. Errors are AppErrors, for the app to answer. */
export function createConsole(options: ConsoleOptions): Router {
  const router = express.Router({ caseSensitive: true, strict: true });
  if (options.live) return router;

  router.use(loopbackOnly, endInSlash);
  router.use(
    webPages({
      webRoot: options.webRoot,
      pages: { '/': 'console/web/agent.html' },
      connect: options.softphoneUrl === null ? [] : [new URL(options.softphoneUrl).origin],
    }),
  );
  router.get('/desk', ownPageOnly, desk(options));
  captureRoutes(router, options);
  return router;
}

/** The page's own addresses are relative: `/console` must be `/console/`. */
const endInSlash: RequestHandler = (request, response, next) => {
  const [path = '', query] = request.originalUrl.split('?');
  if (path !== request.baseUrl) next();
  else response.redirect(308, `${path}/${query === undefined ? '' : `?${query}`}`);
};

/** `start`, then a `call` for each call that lives, and again on every change. */
function desk({ calls, links, merchant, clock, softphoneUrl, outcomes }: ConsoleOptions): RequestHandler {
  const feeds = new PageFeeds(clock);
  return (_request, response) => {
    let stop = () => {};
    const feed = feeds.open(response, () => stop());
    const link_channels = links.channels();
    const start: DeskStart = {
      now: timestamp(clock.now()),
      softphone_url: softphoneUrl,
      outcomes,
      link_channels,
    };
    feed.put('start', 'start', start);
    stop = calls.watchDesk(merchant, (view) => feed.put('call', view.call.id, view));
  };
}

function captureRoutes(router: Router, { calls, links, merchant }: ConsoleOptions): void {
  const post = (
    path: string,
    handle: (params: Record<string, string>, body: unknown) => Promise<CaptureView | LinkView>,
  ) =>
    router.post(path, ownPageOnly, async (request, response) => {
      response.json(await handle(request.params as Record<string, string>, await readJson(request)));
    });

  post('/captures', (_params, body) => {
    const entered = checked(consoleArmBody, body, 'body');
    return calls.arm(merchant, checked(armBody, entered, 'body'));
  });
  post('/captures/:id/cancel', ({ id = '' }) => calls.cancel(merchant, id));
  post('/captures/:id/link', ({ id = '' }, body) =>
    links.send(merchant, id, checked(linkBody, body, 'body')),
  );
  post('/captures/:id/extend', ({ id = '' }) => calls.extend(merchant, id));
  post('/captures/:id/fields/:name/clear', async ({ id = '', name }) => {
    const field = fieldName.safeParse(name);
    if (!field.success) throw new AppError('not_found', 'no field has such a name');
    return calls.clearField(merchant, id, field.data);
  });
}
