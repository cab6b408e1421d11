import type { RequestHandler, Response } from 'express';
import type { Clock } from '../clock.js';
import type { Logger } from '../log.js';
import type { Metrics } from '../metrics.js';

/** Says which route serves this request: its pattern, never its URL, which holds what people send. */
export function atRoute(pattern: string): RequestHandler {
  return (_request, response, next) => {
    response.locals['route'] = pattern;
    next();
  };
}

/** The pattern of the route that served, or `other`. */
export function routeOf(response: Response): string {
  const route: unknown = response.locals['route'];
  return typeof route === 'string' ? route : 'other';
}

/** One debug line and one count for each answer; status 499 when the client left before it. */
export function accessLog(clock: Clock, log: Logger, metrics: Metrics): RequestHandler {
  return (request, response, next) => {
    const start = clock.monotonic();
    response.once('close', () => {
      const route = routeOf(response);
      const status = response.headersSent ? response.statusCode : 499;
      metrics.httpRequests.inc({ route, status: String(status) });
      log.debug(
        { method: request.method, route, status, ms: Math.round(clock.monotonic() - start) },
        'http request',
      );
    });
    next();
  };
}
