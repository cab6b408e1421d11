import express, { type ErrorRequestHandler, type Router } from 'express';
import type { Audit } from '../audit/audit.js';
import { codeOf } from '../errors.js';
import type { Logger } from '../log.js';
import type { Metrics } from '../metrics.js';
import type { Psp, PspNotice } from '../psp/psp.js';
import { MAX_BODY_BYTES } from './request-body.js';

export interface PspWebhookOptions {
  psp: Pick<Psp, 'name' | 'webhook'>;
  /** Told which payment the provider has news of. What the news is, only a look-up says. */
  settler: { wake(notice: PspNotice): Promise<void> };
  audit: Pick<Audit, 'fact'>;
  log: Logger;
  metrics: Metrics;
}

/** The provider's door, below where it is mounted: `/{provider}/webhook`. */
export function createPspWebhook({ psp, settler, audit, log, metrics }: PspWebhookOptions): Router {
  const router = express.Router({ caseSensitive: true, strict: true });
  const raw = express.raw({ type: () => true, limit: MAX_BODY_BYTES, inflate: false });

  router.post(`/${psp.name}/webhook`, raw, async (request, response) => {
    const body: unknown = request.body;
    const notice = psp.webhook(Buffer.isBuffer(body) ? body : Buffer.alloc(0), request.headers);
    if (notice === null) {
      metrics.signaturesRefused.inc({ door: 'psp' });
      audit.fact('access.signature', psp.name, 'refused');
      log.warn({ route: '/psp' }, 'webhook of the payment provider refused: not signed by it');
      response.sendStatus(400);
      return;
    }
    if (notice !== 'irrelevant') {
      try {
        await settler.wake(notice);
      } catch (error) {
        // The provider tells again; and it is looked up without being told.
        log.debug({ code: codeOf(error) }, 'a notice of the payment provider could not be noted');
        response.sendStatus(503);
        return;
      }
    }
    response.sendStatus(204);
  });

  const unreadable: ErrorRequestHandler = (error: unknown, _request, response, _next) => {
    const { status } = error as { status?: unknown };
    response.sendStatus(typeof status === 'number' && status >= 400 && status < 500 ? status : 500);
  };
  router.use(unreadable);
  return router;
}
