import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import type { PspNotice } from './psp.js';
import { parseQuietly } from './quiet-json.js';

/** Older ones, and those from the future, are not believed (Standard Webhooks). */
const TOLERANCE_SECONDS = 300;

const noticeSchema = z.object({
  type: z.string(),
  data: z.object({ payment: z.string().regex(/^\w{1,64}$/), reference: z.string().regex(/^[\w-]{1,64}$/) }),
});

/**
 * Reads a webhook that is signed as https://www.standardwebhooks.com says, with one of `secrets` (`whsec_…`). Null when
 * it is not, or not now; `now` is in ms since the epoch.
 */
export function readSimulatedWebhook(
  body: Buffer,
  headers: IncomingHttpHeaders,
  secrets: readonly string[],
  now: number,
): PspNotice | 'irrelevant' | null {
  const id = one(headers['webhook-id']);
  const timestamp = one(headers['webhook-timestamp']);
  const signatures = one(headers['webhook-signature']).split(' ');
  if (!/^[\w-]{1,64}$/.test(id) || !/^\d{1,12}$/.test(timestamp)) return null;
  if (Math.abs(now / 1000 - Number(timestamp)) > TOLERANCE_SECONDS) return null;
  const signed = secrets.some((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
    const right = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64');
    return signatures.some((signature) => isSame(signature, `v1,${right}`));
  });
  if (!signed) return null;
  const notice = noticeSchema.safeParse(parseQuietly(body));
  if (!notice.success || !/^(payment|refund)\.updated$/.test(notice.data.type)) return 'irrelevant';
  const { type, data } = notice.data;
  const payment = { reference: data.reference, providerReference: data.payment };
  return { id, payment, refund: type === 'refund.updated' };
}

function one(header: string | string[] | undefined): string {
  return typeof header === 'string' ? header : '';
}

function isSame(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}
