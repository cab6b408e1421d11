import { createHash } from 'node:crypto';
import { Router } from 'express';
import { jsonAnswer, send, type Answer } from './answer.js';
import { docsPage } from './docs-page.js';
import { DOCS_STYLE } from './docs-style.js';
import { openApi } from './openapi.js';
import { resource } from './resource.js';
import type { Route } from './route.js';

/** The page may show its own style and nothing else: no script, no image, no other origin. */
const PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(DOCS_STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** `/openapi.json`, and the same to read at `/docs`. Made once; no key needed. */
export function docsRouter(routes: readonly Route[]): Router {
  const document = openApi(routes);
  const json = jsonAnswer(200, document);
  const page: Answer = {
    status: 200,
    headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': PAGE_POLICY },
    text: docsPage(document),
  };
  const router = Router({ caseSensitive: true, strict: true });
  resource(router, '/openapi.json', { get: (_request, response) => send(response, json) });
  resource(router, '/docs', { get: (_request, response) => send(response, page) });
  return router;
}
