import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { PspNotice } from '../psp.js';
import { parseQuietly } from '../quiet-json.js';
import { eventSchema } from './stripe-objects.js';

/** Stripe's own tolerance, to both sides: what is older may be a replay. */
const TOLERANCE_SECONDS = 300;
/** More signatures than secrets that rotate. */
const MAX_SIGNATURES = 16;

/** The events of objects that are ours: something has changed, and what it came to a look-up tells. */
const RELEVANT: ReadonlySet<string> = new Set([
  'payment_intent.succeeded',
  'payment_intent.payment_failed',
  'payment_intent.processing',
  'payment_intent.requires_action',
  'payment_intent.amount_capturable_updated',
  'payment_intent.canceled',
  'setup_intent.succeeded',
  'setup_intent.setup_failed',
  'setup_intent.canceled',
  'checkout.session.completed',
  'checkout.session.expired',
  'checkout.session.async_payment_succeeded',
  'checkout.session.async_payment_failed',
  'refund.created',
  'refund.updated',
  'refund.failed',
  'charge.refunded',
]);

export function isRelevant(type: string): boolean {
  return RELEVANT.has(type);
}

/**
 * Whether these bytes were signed by Stripe, with any of the secrets, within the tolerance: header `stripe-signature`,
 * scheme `v1` (docs.stripe.com/webhooks/signature).
 */
export function isSigned(
  body: Buffer,
  headers: IncomingHttpHeaders,
  secrets: readonly string[],
  nowMs: number,
): boolean {
  const header = headers['stripe-signature'];
  if (typeof header !== 'string') return false;
  const parts = header.split(',').map((part) => part.trim());
  const time = parts.find((part) => /^t=\d{1,12}$/.test(part))?.slice(2);
  if (time === undefined || Math.abs(nowMs / 1_000 - Number(time)) > TOLERANCE_SECONDS) return false;
  const given = parts.filter((part) => /^v1=[0-9a-f]{64}$/.test(part)).slice(0, MAX_SIGNATURES);
  return secrets.some((secret) => {
    const expected = createHmac('sha256', secret).update(`${time}.`).update(body).digest();
    return given.some((part) => timingSafeEqual(expected, Buffer.from(part.slice(3), 'hex')));
  });
}

/** What a signed event tells of; an endpoint may hear of more than payments, and of payments that aren't ours. */
export function noticeOf(body: Buffer): PspNotice | 'irrelevant' {
  const read = eventSchema.safeParse(parseQuietly(body));
  if (!read.success || !isRelevant(read.data.type)) return 'irrelevant';
  const { id, type, data } = read.data;
  const { object } = data;
  const reference =
    object.metadata?.['payment'] ?? object.metadata?.['reference'] ?? object.client_reference_id;
  if (reference === null || reference === undefined) return 'irrelevant';
  const refund = type.startsWith('refund.') || type === 'charge.refunded';
  const providerReference = refund ? (object.payment_intent ?? null) : object.id;
  return { id, payment: { reference, providerReference }, refund };
}
