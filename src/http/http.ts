import express from 'express';
import type { Express, Router } from 'express';
import helmet from 'helmet';
import type { ApiKeys } from '../access/api-keys.js';
import type { Audit } from '../audit/audit.js';
import type { Calls } from '../call/calls.js';
import type { Links } from '../call/links.js';
import type { Charges } from '../charge/charges.js';
import type { Clock } from '../clock.js';
import type { EventLog } from '../crm/event.js';
import type { Logger } from '../log.js';
import type { Metrics } from '../metrics.js';
import type { Receipts } from '../receipts/receipts.js';
import type { Redis } from '../redis/redis.js';
import type { Vault } from '../vault/vault.js';
import { accessLog, atRoute } from './access-log.js';
import { callRoutes } from './call-routes.js';
import { captureRoutes } from './capture-routes.js';
import { chargeRoutes } from './charge-routes.js';
import { docsRouter } from './docs.js';
import { EventStreams } from './event-stream.js';
import { eventRoutes } from './event-routes.js';
import { Gate } from './gate.js';
import { healthRouter, type Health } from './health.js';
import { Idempotency } from './idempotency.js';
import { visiting } from './visiting.js';
import { linkRoutes } from './link-routes.js';
import { nothingHere, problemHandler } from './problem-handler.js';
import { receiptRoutes } from './receipt-routes.js';
import { resource, type Handlers } from './resource.js';
import type { Route } from './route.js';
import { serve, type RouteServices } from './serve.js';
import { tokenRoutes } from './token-routes.js';

export interface HttpOptions {
  calls: Calls;
  vault: Vault;
  charges: Charges;
  links: Links;
  events: EventLog;
  receipts: Receipts;
  redis: Redis;
  apiKeys: ApiKeys;
  audit: Audit;
  health: Health;
  metrics: Metrics;
  log: Logger;
  clock: Clock;
  /** Doors of other rooms: the carrier's webhooks, the console. Each checks its own visitors. */
  mounts: readonly { path: string; router: Router }[];
}

/** Every operation of the native API. */
export function apiRoutes({
  calls,
  vault,
  charges,
  links,
  events,
  receipts,
}: Pick<HttpOptions, 'calls' | 'vault' | 'charges' | 'links' | 'events' | 'receipts'>): Route[] {
  return [
    ...callRoutes(calls),
    ...captureRoutes(calls),
    ...linkRoutes(links),
    ...tokenRoutes(vault),
    ...chargeRoutes(charges),
    ...eventRoutes(events),
    ...receiptRoutes(receipts),
  ];
}

/** The native API, its documentation and health, and the doors mounted beside them. */
export function createHttp(options: HttpOptions): Express {
  const { apiKeys, audit, redis, clock, log, metrics } = options;
  const routes = apiRoutes(options);
  const services = {
    audit,
    gate: new Gate({ apiKeys, audit, log, metrics }),
    idempotency: new Idempotency(redis),
    streams: new EventStreams(clock),
  };

  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.enable('case sensitive routing').enable('strict routing');
  app.set('query parser', 'simple');

  app.use(accessLog(clock, log, metrics), securityHeaders());
  for (const { path, router } of options.mounts) app.use(path, atRoute(path), visiting(audit, path), router);
  app.use(apiRouter(routes, services), healthRouter(options.health), docsRouter(routes));
  app.use(nothingHere, problemHandler(log));
  return app;
}

/** What an answer allows a browser to do with it: nothing. Pages loosen it for themselves. */
function securityHeaders(): express.RequestHandler[] {
  return [
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      },
      xFrameOptions: { action: 'deny' },
    }),
    (_request, response, next) => {
      response.set('cache-control', 'no-store');
      next();
    },
  ];
}

function apiRouter(routes: readonly Route[], services: RouteServices): Router {
  const router = express.Router({ caseSensitive: true, strict: true });
  const resources = new Map<string, Handlers>();
  for (const route of routes) {
    resources.set(route.path, { ...resources.get(route.path), [route.method]: serve(route, services) });
  }
  for (const [path, handlers] of resources) resource(router, path, handlers);
  return router;
}
