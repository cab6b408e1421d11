import { timestamp } from '../clock.js';
import type { CrmEvent, EventType } from '../crm/event.js';
import { newId } from '../id.js';
import type { ChargeRecord, RefundRecord } from './charge.js';
import { madeOf } from './refund-view.js';

export type ChargeEventType = Extract<EventType, `charge.${string}` | `refund.${string}`>;

/** What the CRM is told of a charge: the Charge itself, the capture it was keyed in, the refund it is about. */
export function chargeEvent(
  type: ChargeEventType,
  { merchant, sequence, captureId, view }: ChargeRecord,
  at: number,
  livemode: boolean,
  refund?: RefundRecord,
): CrmEvent {
  const about = refund && { id: refund.id, kind: refund.kind, made: madeOf(refund), amount: refund.amount };
  const data = { ...view, capture_id: captureId, ...(about && { refund: about }) };
  return { id: newId('evt_'), merchant, type, timestamp: timestamp(at), livemode, sequence, data };
}
