import express, { type Router } from 'express';
import { ownPageOnly } from '../console/own-page.js';
import { AppError } from '../errors.js';
import { isId } from '../id.js';

export interface ChargeDoorOptions {
  serviceUrl: string;
  apiKey: string;
}

const MAX_BODY_BYTES = 4 * 1024;
/** A provider may take its time; the service waits for it no longer than this. */
const TIMEOUT_MS = 60_000;

/**
 * The CRM's hands: its page charges, refunds and voids in the words of the native API, below this door instead of
 * `/v1`. The key is added here, so that no page ever holds one; answers come back as they are.
 */
export function chargeDoor({ serviceUrl, apiKey }: ChargeDoorOptions): Router {
  const router = express.Router({ caseSensitive: true, strict: true });
  const body = express.text({ type: 'application/json', limit: MAX_BODY_BYTES });
  const pass = (path: string, toPath: (id: string) => string) =>
    router.post(path, ownPageOnly, body, async (request, response) => {
      const { id = '' } = request.params as { id?: string };
      if (path.includes(':id') && !isId('chg_', id))
        throw new AppError('not_found', 'no charge has such an id');
      const answer = await send(
        serviceUrl + toPath(id),
        {
          authorization: `Bearer ${apiKey}`,
          'content-type': 'application/json',
          'idempotency-key': request.get('idempotency-key') ?? '',
          'accept-language': request.get('accept-language') ?? 'en',
        },
        typeof request.body === 'string' ? request.body : '',
      );
      response
        .status(answer.status)
        .set({ 'content-type': answer.headers.get('content-type') ?? '', 'cache-control': 'no-store' })
        .send(Buffer.from(await answer.arrayBuffer()));
    });

  pass('/charges', () => '/v1/charges');
  pass('/charges/:id/refunds', (id) => `/v1/charges/${id}/refunds`);
  pass('/charges/:id/void', (id) => `/v1/charges/${id}/void`);
  return router;
}

async function send(url: string, headers: Record<string, string>, body: string): Promise<Response> {
  try {
    return await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch {
    throw new AppError('not_ready', 'the service does not answer');
  }
}
