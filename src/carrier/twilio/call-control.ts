import type { Clock } from '../../clock.js';
import { AppError } from '../../errors.js';
import type { Logger } from '../../log.js';
import type { Metrics } from '../../metrics.js';
import type { CallControl, DialRequest } from '../carrier.js';
import { createRestClient, faultOf, type Fault, type RestOptions } from './rest-client.js';

/** Ending a call twice does no harm, so that is tried again after any fault of the way. */
const END_ATTEMPTS = 3;
const PAUSE_MS = 250;

/** Answers that mean that a call is over, or gone, already: "not in the right state", "not found". */
const OVER_CODES: ReadonlySet<unknown> = new Set([21220, 20404]);

const STATUS_EVENTS = ['initiated', 'ringing', 'answered', 'completed'];

export interface CallControlOptions extends RestOptions {
  /** The base URL that the carrier sees. */
  publicUrl: string;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
}

/** Commands to the carrier over its REST API. The messages of its errors never leave here: they quote numbers. */
export function createTwilioControl(options: CallControlOptions): CallControl {
  const { clock, log, metrics } = options;
  const publicUrl = options.publicUrl.replace(/\/$/, '');
  const client = createRestClient(options);

  async function end(callSid: string, status: 'canceled' | 'completed'): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await client.calls(callSid).update({ status });
        metrics.carrierRequests.inc({ outcome: 'ok' });
        return;
      } catch (error) {
        const fault = faultOf(error);
        if (OVER_CODES.has(fault.code) || fault.status === 404) {
          metrics.carrierRequests.inc({ outcome: 'over' });
          return;
        }
        if (attempt === END_ATTEMPTS || (fault.status !== null && fault.status < 500)) {
          throw failed('end a call', fault);
        }
        await new Promise<void>((resume) => clock.after(PAUSE_MS * attempt, resume));
      }
    }
  }

  function failed(what: string, fault: Fault): AppError {
    metrics.carrierRequests.inc({ outcome: 'failed' });
    log.error({ status: fault.status, code: fault.code }, 'the carrier did not do what it was asked');
    const answer = fault.status === null ? 'gave no answer' : `answered ${fault.status}`;
    return new AppError(
      'carrier_failed',
      `the carrier was asked to ${what} and ${answer} (code ${fault.code}): look the code up in its documentation`,
    );
  }

  return {
    async dial(request) {
      const leg = `${publicUrl}/twilio/legs/${request.leg}`;
      try {
        const call = await client.calls.create({
          to: withSipHeaders(request),
          from: request.from,
          url: `${leg}/answer`,
          method: 'POST',
          timeout: request.ringSeconds,
          statusCallback: `${leg}/status`,
          statusCallbackMethod: 'POST',
          statusCallbackEvent: STATUS_EVENTS,
        });
        if (typeof call.sid !== 'string') throw new TypeError('an answer without a call SID');
        metrics.carrierRequests.inc({ outcome: 'ok' });
        return call.sid;
      } catch (error) {
        throw failed('place a call', faultOf(error));
      }
    },
    cancel: (callSid) => end(callSid, 'canceled'),
    hangUp: (callSid) => end(callSid, 'completed'),
  };
}

/** Headers of a SIP call stand in its address; addresses of other kinds have none. */
function withSipHeaders({ to, sipHeaders = {} }: DialRequest): string {
  const headers = new URLSearchParams(sipHeaders).toString();
  if (headers === '' || !/^sips?:/i.test(to)) return to;
  return `${to}${to.includes('?') ? '&' : '?'}${headers}`;
}
