import type { Logger } from '../../log.js';
import type { Metrics } from '../../metrics.js';
import type { Handover, MessageWay } from '../../message/messages.js';
import { createRestClient, faultOf, type Fault, type RestOptions } from './rest-client.js';

export interface SmsWayOptions extends RestOptions {
  /** A number of the account in E.164, a name of up to 11 characters, or the SID of a messaging service (`MG…`). */
  from: string;
  /** The base URL that the carrier sees. */
  publicUrl: string;
  log: Logger;
  metrics: Metrics;
}

/** Not a number, not one that can get a short message, and not one that this account may write to. */
const BAD_ADDRESS: ReadonlySet<unknown> = new Set([21211, 21214, 21217, 21401, 21407, 21612, 21614]);
/** No connection came about, so nothing was asked. */
const NOT_ASKED: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH']);
/** The account is locked out, busy or gone for the moment: nothing was done. */
const FOR_NOW: ReadonlySet<unknown> = new Set([401, 403, 404, 429, 503]);

/** Short messages through the carrier. What becomes of each comes back to `/twilio/messages/{id}/status`. */
export function createSmsWay(options: SmsWayOptions): MessageWay {
  const { from, log, metrics } = options;
  const publicUrl = options.publicUrl.replace(/\/$/, '');
  const client = createRestClient(options);
  const sender = from.startsWith('MG') && from.length === 34 ? { messagingServiceSid: from } : { from };
  return {
    async hand({ id, to, text }) {
      try {
        const message = await client.messages.create({
          ...{ to, body: text, ...sender },
          statusCallback: `${publicUrl}/twilio/messages/${id}/status`,
        });
        if (typeof message.sid !== 'string') throw new TypeError('an answer without a message SID');
        metrics.carrierRequests.inc({ outcome: 'ok' });
        return { status: 'taken' };
      } catch (error) {
        const fault = faultOf(error);
        metrics.carrierRequests.inc({ outcome: 'failed' });
        log.warn({ status: fault.status, code: fault.code }, 'the carrier did not take a short message');
        return handoverOf(fault);
      }
    },
    close: () => Promise.resolve(),
  };
}

function handoverOf({ status, code }: Fault): Handover {
  if (status === null) return { status: NOT_ASKED.has(code) ? 'later' : 'unsure' };
  if (FOR_NOW.has(status)) return { status: 'later' };
  if (status >= 500) return { status: 'unsure' };
  return { status: 'refused', reason: BAD_ADDRESS.has(code) ? 'bad_address' : 'refused' };
}
