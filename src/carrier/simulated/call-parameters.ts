import { timestamp } from '../../clock.js';
import type { CallStatus } from './call-status.js';
import { methodOf, type Verb } from './twiml.js';
import type { Method } from './webhook.js';

/** What webhooks tell of a call. */
export interface CallFacts {
  readonly sid: string;
  readonly accountSid: string;
  readonly status: CallStatus;
  readonly options: { readonly from: string; readonly to: string; readonly direction: string };
}

/** Guesses of places: always sent, often empty. */
const NOWHERE = Object.fromEntries(
  ['From', 'To', 'Caller', 'Called'].flatMap((end) =>
    ['City', 'State', 'Zip', 'Country'].map((part) => [end + part, '']),
  ),
);

/** The parameters of every voice webhook and status callback. */
export function callParameters(call: CallFacts): Record<string, string> {
  const { from, to, direction } = call.options;
  return {
    CallSid: call.sid,
    AccountSid: call.accountSid,
    ApiVersion: '2010-04-01',
    From: from,
    To: to,
    Caller: from,
    Called: to,
    CallStatus: call.status,
    Direction: direction,
    ...NOWHERE,
  };
}

export type StreamEvent = 'stream-started' | 'stream-stopped' | 'stream-error';

/** The status callback of a `<Stream>`, or null when it asks for none. */
export function streamCallback(
  noun: Verb,
  call: CallFacts,
  streamSid: string,
  event: StreamEvent,
  at: number,
  error?: string,
): { url: string; method: Method; parameters: Record<string, string> } | null {
  const { name, statusCallback } = noun.attributes;
  if (statusCallback === undefined) return null;
  return {
    url: statusCallback,
    method: methodOf(noun, 'statusCallbackMethod'),
    parameters: {
      AccountSid: call.accountSid,
      CallSid: call.sid,
      StreamSid: streamSid,
      StreamName: name ?? streamSid,
      StreamEvent: event,
      ...(error !== undefined && { StreamError: error }),
      Timestamp: timestamp(at),
    },
  };
}
