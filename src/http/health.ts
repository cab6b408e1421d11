import { Router } from 'express';
import { AppError, type MemberError } from '../errors.js';
import { jsonAnswer, send } from './answer.js';
import { resource } from './resource.js';

export interface Health {
  /** What keeps the service from taking calls; empty when it is ready. `path` names the part: `redis`, `keys`, `draining`. */
  missing(): readonly MemberError[];
}

/** `/healthz`: the process answers. `/readyz`: it can take calls. Both without a key, for whoever balances load. */
export function healthRouter(health: Health): Router {
  const router = Router({ caseSensitive: true, strict: true });
  resource(router, '/healthz', {
    get: (_request, response) => send(response, jsonAnswer(200, { status: 'alive' })),
  });
  resource(router, '/readyz', {
    get(_request, response) {
      const missing = health.missing();
      if (missing.length > 0) {
        const parts = missing.map(({ path }) => path).join(', ');
        throw new AppError('not_ready', `not ready: ${parts}`, { errors: missing });
      }
      send(response, jsonAnswer(200, { status: 'ready' }));
    },
  });
  return router;
}
