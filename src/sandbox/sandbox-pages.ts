import express from 'express';
import type { Request, Response, Router } from 'express';
import { loopbackOnly, ownPageOnly } from '../console/own-page.js';
import { webPages } from '../console/web-pages.js';
import { AppError } from '../errors.js';
import { send } from '../http/answer.js';
import { problemAnswer } from '../http/problem.js';
import { chargeDoor, type ChargeDoorOptions } from './charge-door.js';
import { inboxRoutes, type InboxRoutesOptions } from './inbox-routes.js';
import { ledgerRoute, type LedgerRouteOptions } from './ledger-route.js';
import { phoneRoutes, type PhoneRoutesOptions } from './phone-routes.js';
import type { SandboxStart } from './sandbox-start.js';

export interface SandboxPagesOptions
  extends InboxRoutesOptions, ChargeDoorOptions, LedgerRouteOptions, PhoneRoutesOptions {
  start: SandboxStart;
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
  router.use('/inbox', chargeDoor(options));
  ledgerRoute(router, options);
  phoneRoutes(router, options);
  router.use(answerProblem);
  return router;
}

export const answerProblem = (
  error: unknown,
  _request: Request,
  response: Response,
  _next: () => void,
): void => {
  const tooLarge = (error as { type?: unknown }).type === 'entity.too.large';
  send(
    response,
    problemAnswer(tooLarge ? new AppError('payload_too_large', 'the body is too large') : error),
  );
};
