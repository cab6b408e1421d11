import { timestamp } from '../clock.js';
import type { ChargeRecord, RefundRecord } from './charge.js';

/** Money that was given back, or is not: as shown outside. */
export interface RefundView {
  id: string;
  /** A void undoes all of a charge before it is settled between the banks. */
  kind: RefundRecord['kind'];
  /** `elsewhere`: not by this service, but in the provider's own console, say. */
  made: 'here' | 'elsewhere';
  /** Minor units of `currency`. */
  amount: number;
  currency: string;
  /** `unknown` will be settled. */
  status: 'succeeded' | 'failed' | 'unknown';
  /** RFC 3339, of the last change of `status`. */
  updated_at: string;
}

/** Every refund that was tried of a charge, the oldest first. */
export function refundViews({ refunds, view }: ChargeRecord): RefundView[] {
  return refunds.map((refund) => ({
    ...{ id: refund.id, kind: refund.kind, made: madeOf(refund) },
    ...{ amount: refund.amount, currency: view.currency },
    status: refund.state === 'sent' ? 'unknown' : refund.state,
    updated_at: timestamp(refund.since),
  }));
}

export function madeOf({ idempotency }: RefundRecord): RefundView['made'] {
  return idempotency === null ? 'elsewhere' : 'here';
}
