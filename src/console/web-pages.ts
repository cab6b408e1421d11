import express from 'express';
import type { RequestHandler, Router } from 'express';
import helmet from 'helmet';
import { join } from 'node:path';
import { AppError } from '../errors.js';

interface WebPages {
  /** Where `vite build` put the pages. */
  webRoot: string;
  /** Path under the router → file under `webRoot`. */
  pages: Readonly<Record<string, string>>;
  /** Origins that the pages may connect to beside their own (`ws://127.0.0.1:8081`). */
  connect?: readonly string[];
}

/** Names of built assets carry a hash of what is in them. */
const FOREVER = 'public, max-age=31536000, immutable';

/** Serves built pages and their assets, with headers that allow a page its own code and connections and nothing else. */
export function webPages({ webRoot, pages, connect = [] }: WebPages): Router {
  const router = express.Router({ caseSensitive: true, strict: true });
  const headers = pageHeaders(connect);
  for (const [path, file] of Object.entries(pages)) {
    router.get(path, ...headers, (_request, response, next) => {
      response.set('cache-control', 'no-store');
      response.sendFile(
        join(webRoot, file),
        { cacheControl: false, etag: false, lastModified: false },
        (error) => {
          if (error && !response.headersSent)
            next(new AppError('not_found', 'the pages are not built: npm run build'));
        },
      );
    });
  }
  router.use(
    '/assets',
    ...headers,
    express.static(join(webRoot, 'assets'), {
      index: false,
      redirect: false,
      setHeaders: (response) => response.setHeader('cache-control', FOREVER),
    }),
  );
  return router;
}

function pageHeaders(connect: readonly string[]): RequestHandler[] {
  return [
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          scriptSrc: ["'self'"],
          styleSrc: ["'self'"],
          imgSrc: ["'self'"],
          connectSrc: ["'self'", ...connect],
          baseUri: ["'none'"],
          formAction: ["'none'"],
          frameAncestors: ["'none'"],
          // Lit makes its templates through this policy; nothing else may turn text into HTML.
          requireTrustedTypesFor: ["'script'"],
          trustedTypes: ['lit-html'],
        },
      },
      xFrameOptions: { action: 'deny' },
    }),
    (_request, response, next) => {
      response.set('permissions-policy', 'camera=(), geolocation=(), microphone=(self)');
      next();
    },
  ];
}
