import type { RequestHandler, Router } from 'express';
import { AppError } from '../errors.js';
import { atRoute } from './access-log.js';

export type Handlers = Partial<Record<'get' | 'post' | 'delete', RequestHandler>>;

/** Puts what answers at `pattern` (`/v1/calls/{id}`) on `router`. HEAD comes with GET; other methods get 405. */
export function resource(router: Router, pattern: string, handlers: Handlers): void {
  const path = pattern.replaceAll(/\{(\w+)\}/g, ':$1');
  router.all(path, atRoute(pattern));
  for (const method of ['get', 'post', 'delete'] as const) {
    const handler = handlers[method];
    if (handler) router[method](path, handler);
  }
  router.all(path, otherMethods(handlers));
}

function otherMethods(handlers: Handlers): RequestHandler {
  const names = Object.keys(handlers).map((method) => method.toUpperCase());
  const allow = [...names, ...('get' in handlers ? ['HEAD'] : []), 'OPTIONS'].join(', ');
  return (request, response) => {
    response.set('allow', allow);
    if (request.method !== 'OPTIONS') throw new AppError('method_not_allowed', `use ${allow}`);
    response.status(204).end();
  };
}
