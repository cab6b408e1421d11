import type { Router } from 'express';
import type { Movement } from '../psp/simulated/ledger.js';

export interface LedgerRouteOptions {
  /** All that the payment provider has moved, oldest first; null where it is none of the sandbox's. */
  movements: (() => readonly Movement[]) | null;
}

/** The last that are shown. */
export const MAX_MOVEMENTS = 100;

/** `GET /ledger.json`: what the provider says that it has moved, all of it or under one `reference`. */
export function ledgerRoute(router: Router, { movements }: LedgerRouteOptions): void {
  router.get('/ledger.json', (request, response) => {
    const { reference } = request.query;
    const all = movements?.() ?? [];
    const asked = reference === undefined ? all : all.filter((movement) => movement.reference === reference);
    response.set('cache-control', 'no-store').json({ movements: asked.slice(-MAX_MOVEMENTS) });
  });
}
