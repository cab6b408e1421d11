import type { CaptureView } from '../capture/view.js';
import { timestamp } from '../clock.js';
import type { CrmEvent, EventType } from '../crm/event.js';
import { newId } from '../id.js';
import { linkView, type LinkRecord } from '../link/link.js';
import type { CallView } from './calls.js';

/** A call as it is kept and told of: its view, and what only events and recovery need. */
export interface CallRecord {
  merchant: string;
  called: string;
  /** The sequence of the last event of this call. */
  sequence: number;
  view: CallView;
}

/** A capture as it is kept. `sequence` is that of the last event that told of it. */
export interface CaptureRecord {
  merchant: string;
  sequence: number;
  view: CaptureView;
  /** All of the link that the view shows; not there where there never was one. */
  link?: LinkRecord;
}

/** A capture with a link as it is now, in its view too. */
export function withLink(record: CaptureRecord, link: LinkRecord): CaptureRecord {
  return { ...record, link, view: { ...record.view, link: linkView(link, record.view.id) } };
}

export function callEvent(
  type: Extract<EventType, `call.${string}`>,
  record: CallRecord,
  at: number,
  livemode: boolean,
): CrmEvent {
  const { view, called } = record;
  return eventOf(type, record, at, livemode, {
    call_id: view.id,
    call_sid: view.caller.call_sid,
    flow: view.flow,
    caller: view.caller.address,
    called,
    agent: view.agent?.address ?? null,
  });
}

/** `expires_at` goes with `capture.completed` alone: it is the token's. */
export function captureEvent(
  type: Extract<EventType, `capture.${string}`>,
  record: CaptureRecord,
  at: number,
  livemode: boolean,
  expiresAt: string | null = null,
): CrmEvent {
  const { view } = record;
  const started = {
    capture_id: view.id,
    call_id: view.call_id,
    call_sid: view.call_sid,
    outcome: view.outcome,
    reference: view.reference,
    amount: view.amount,
    currency: view.currency,
    agent: view.agent,
    metadata: view.metadata,
    fields: view.fields.map((field) => field.name),
  };
  const { token, fingerprint, card, charge, decline, reason } = view;
  const rest = {
    'capture.started': {},
    'capture.completed': { token, fingerprint, card, expires_at: expiresAt, charge },
    'capture.failed': { reason, charge, decline },
    'capture.cancelled': { reason, charge, decline },
  }[type];
  return eventOf(type, record, at, livemode, { ...started, ...rest });
}

function eventOf(
  type: EventType,
  { merchant, sequence }: Pick<CallRecord | CaptureRecord, 'merchant' | 'sequence'>,
  at: number,
  livemode: boolean,
  data: CrmEvent['data'],
): CrmEvent {
  return { id: newId('evt_'), merchant, type, timestamp: timestamp(at), livemode, sequence, data };
}
