import type { DeclineCode } from '../psp/decline-code.js';
import type { Money, Outcome } from '../psp/psp.js';
import type { TokenView } from '../vault/vault.js';
import { timestamp } from '../clock.js';
import type { ChargeEventType } from './charge-event.js';
import { ENTRY_OF_CHANNEL, type ChargeRecord, type PaymentPage, type RefundRecord } from './charge.js';
import { declineOf } from './refusals.js';

/** A charge a step further, and what the CRM is to be told of it. */
export interface Step {
  record: ChargeRecord;
  tells: ChargeEventType | null;
  /** That the news is about. */
  refund?: RefundRecord;
}

/** What a charge comes to. `unknown` isn't the end. */
export type Answer =
  | Exclude<Outcome, { status: 'declined' }>
  | { status: 'declined'; code: DeclineCode; providerReference: string | null };

/** What is to be charged, to what, and for whom. */
export interface Intent extends Pick<
  ChargeRecord,
  'merchant' | 'captureId' | 'idempotency' | 'network' | 'language'
> {
  id: string;
  token: TokenView;
  /** As in `ChargeRecord`; null: none. */
  sum: string | null;
  money: Money;
  reference: string | null;
  /** The name of the payment provider. */
  provider: string;
}

/** The same where the payer types the card himself, on a page of the provider's. */
export type PageIntent = Omit<Intent, 'token' | 'idempotency' | 'network' | 'sum'> & { page: PaymentPage };

export function created(intent: Intent, at: number): ChargeRecord {
  const { merchant, captureId, idempotency, network, language, id, token, sum, money, reference, provider } =
    intent;
  return {
    ...{ merchant, state: 'created', since: at, token: token.token, once: token.usage === 'once' },
    ...{ captureId, idempotency, entry: ENTRY_OF_CHANNEL[token.channel], network, language },
    ...{ sequence: 0, refunds: [], ...(sum !== null && { sum }) },
    view: {
      ...{ id, status: 'unknown', token: token.token, amount: money.amount, currency: money.currency },
      ...{ reference, refunded: 0, provider, provider_reference: null, decline: null },
      created_at: timestamp(at),
    },
  };
}

export function createdByPage(intent: PageIntent, at: number): ChargeRecord {
  const { merchant, captureId, language, id, money, reference, provider, page } = intent;
  return {
    ...{ merchant, state: 'created', since: at, token: null, once: false, captureId, idempotency: null },
    ...{ entry: ENTRY_OF_CHANNEL.ecommerce, network: null, language, sequence: 0, refunds: [], page },
    view: {
      ...{ id, status: 'unknown', token: null, amount: money.amount, currency: money.currency },
      ...{ reference, refunded: 0, provider, provider_reference: null, decline: null },
      created_at: timestamp(at),
    },
  };
}

/** Nobody shall pay on its page any more; null when that is so already. */
export function pageEnded(record: ChargeRecord, at: number): Step | null {
  const { page } = record;
  if (!isOpen(record) || page === undefined || page.endsAt <= at) return null;
  return { record: { ...record, page: { ...page, endsAt: at } }, tells: null };
}

/** A charge on a page once its card has a token. */
export function withToken(record: ChargeRecord, { token, usage }: TokenView): ChargeRecord {
  return { ...record, token, once: usage === 'once', view: { ...record.view, token } };
}

/** Whether nobody knows yet if the card was charged. */
export function isOpen({ state }: ChargeRecord): boolean {
  return state !== 'approved' && state !== 'declined';
}

/** Refunds of which nobody knows yet whether they were made. */
export function openRefunds({ refunds }: ChargeRecord): RefundRecord[] {
  return refunds.filter(({ state }) => state === 'sent' || state === 'unknown');
}

export function isUnsettled(record: ChargeRecord): boolean {
  return isOpen(record) || openRefunds(record).length > 0;
}

/** Minor units that can still be refunded: what is on its way, or may be, is not given back a second time. */
export function refundable(record: ChargeRecord): number {
  if (record.state !== 'approved') return 0;
  return record.refunds
    .filter(({ state }) => state !== 'failed')
    .reduce((left, { amount }) => left - amount, record.view.amount);
}

/** No byte may leave for this intent any more. Null when one may have, and when that is said already. */
export function givenUp(record: ChargeRecord): Step | null {
  if (record.state !== 'created' || record.givenUp === true) return null;
  return { record: { ...record, givenUp: true }, tells: null };
}

/** A byte is about to leave. Null when somebody has given the charge up, or settled it, meanwhile: then none may. */
export function sent(record: ChargeRecord, providerReference: string | null, at: number): Step | null {
  if (record.state !== 'created' || record.givenUp === true) return null;
  const provider_reference = providerReference ?? record.view.provider_reference;
  return {
    record: { ...record, state: 'sent', since: at, view: { ...record.view, provider_reference } },
    tells: null,
  };
}

/** The provider's answer, at once or later; null when it changes nothing. */
export function answered(record: ChargeRecord, answer: Answer, at: number): Step | null {
  if (!isOpen(record)) return null;
  if (answer.status === 'unknown' && record.state === 'unknown') return null;
  return reached(record, answer, at);
}

/** An open charge with its outcome. */
export function reached(record: ChargeRecord, answer: Answer, at: number): Step {
  const { status } = answer;
  const provider_reference = answer.providerReference ?? record.view.provider_reference;
  const view = { ...record.view, status, provider_reference };
  const next = { ...record, state: status, since: at, sequence: record.sequence + 1, view };
  if (status === 'unknown') return { record: next, tells: 'charge.unknown' };
  if (status === 'approved') {
    const { networks } = answer;
    return { record: { ...next, ...(networks !== null && { networks }) }, tells: 'charge.approved' };
  }
  const decline = declineOf(answer.code, record.language);
  // A card that was keyed for this alone goes with its refusal.
  const token = record.captureId === null ? view.token : null;
  return { record: { ...next, view: { ...view, decline, token } }, tells: 'charge.declined' };
}

/** Money set apart to be given back. */
export function reserved(record: ChargeRecord, refund: RefundRecord): Step {
  return { record: { ...record, refunds: [...record.refunds, refund] }, tells: null };
}

/** The provider was certainly not asked: it can be tried again under the same key. */
export function unreserved(record: ChargeRecord, id: string): Step {
  return { record: { ...record, refunds: record.refunds.filter((refund) => refund.id !== id) }, tells: null };
}

/** Money that went back without our asking for it. */
export function refundedElsewhere(record: ChargeRecord, refund: RefundRecord): Step {
  const view = { ...record.view, refunded: record.view.refunded + refund.amount };
  const refunds = [...record.refunds, refund];
  const next = { ...record, refunds, sequence: record.sequence + 1, view };
  return { record: next, tells: 'refund.succeeded', refund };
}

/** What became of a refund; null when that is known already. */
export function refunded(
  record: ChargeRecord,
  id: string,
  state: 'succeeded' | 'failed' | 'unknown',
  at: number,
): Step | null {
  const before = openRefunds(record).find((refund) => refund.id === id);
  if (before === undefined || before.state === state) return null;
  const refund = { ...before, state, since: at };
  const refunds = record.refunds.map((other) => (other === before ? refund : other));
  if (state === 'unknown') return { record: { ...record, refunds }, tells: null };
  const back = state === 'succeeded' ? before.amount : 0;
  const view = { ...record.view, refunded: record.view.refunded + back };
  const next = { ...record, refunds, sequence: record.sequence + 1, view };
  return { record: next, tells: `refund.${state}`, refund };
}
