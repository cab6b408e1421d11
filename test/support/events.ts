import { newId } from '../../src/id.js';
import type { CrmEvent } from '../../src/crm/event.js';

let count = 0;

/** An event as the service makes them. */
export function anEvent(more: Partial<CrmEvent> = {}): CrmEvent {
  count++;
  return {
    id: newId('evt_'),
    merchant: 'shop',
    type: 'call.started',
    timestamp: '2026-11-21T10:00:00.000Z',
    livemode: false,
    sequence: count,
    data: { call_id: 'call_1' },
    ...more,
  };
}
