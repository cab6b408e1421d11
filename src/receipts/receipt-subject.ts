import { z } from 'zod';
import type { CrmEvent } from '../crm/event.js';
import type { ReceiptFacts } from './receipt-values.js';
import type { ReceiptKind } from './receipts.js';

/** What an event gives occasion to write about. */
export interface ReceiptSubject extends ReceiptFacts {
  kind: ReceiptKind;
  /** The charge, refund or capture. */
  about: string;
  /** The capture or charge with which the receipts were planned. */
  plannedAt: string;
  captureId: string | null;
}

const charge = z.object({
  ...{ id: z.string(), amount: z.int(), currency: z.string(), reference: z.string().nullable() },
  capture_id: z.string().nullable(),
});
const refund = charge.extend({ refund: z.object({ id: z.string(), amount: z.int() }) });
const capture = z.object({
  ...{ capture_id: z.string(), outcome: z.string(), reference: z.string().nullable() },
  card: z.object({ last4: z.string() }).nullable(),
});

/** Null for an event that no payer is told of. A capture that charges is told of by its charge. */
export function receiptSubject({ type, timestamp, data }: CrmEvent): ReceiptSubject | null {
  const at = Date.parse(timestamp);
  switch (type) {
    case 'charge.approved': {
      const { id, amount, currency, reference, capture_id: captureId } = charge.parse(data);
      const names = { kind: 'charge', about: id, plannedAt: captureId ?? id, captureId } as const;
      return { ...names, at, money: { amount, currency }, reference: reference ?? id, lastFour: null };
    }
    case 'refund.succeeded': {
      const { id, currency, reference, capture_id: captureId, refund: back } = refund.parse(data);
      const names = { kind: 'refund', about: back.id, plannedAt: captureId ?? id, captureId } as const;
      const money = { amount: back.amount, currency };
      return { ...names, at, money, reference: reference ?? id, lastFour: null };
    }
    case 'capture.completed': {
      const { capture_id: id, outcome, reference, card } = capture.parse(data);
      if (outcome === 'charge') return null;
      const names = { kind: 'registration', about: id, plannedAt: id, captureId: id } as const;
      return { ...names, at, money: null, reference: reference ?? id, lastFour: card?.last4 ?? null };
    }
    default:
      return null;
  }
}
