import RequestClient from 'twilio/lib/base/RequestClient.js';
import Twilio from 'twilio/lib/rest/Twilio.js';
import type { Clock } from '../../clock.js';
import { AppError, codeOf } from '../../errors.js';
import type { Logger } from '../../log.js';
import type { Metrics } from '../../metrics.js';
import type { CallControl, DialRequest } from '../carrier.js';

const REQUEST_TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 64 * 1024;
/** After a 429, which says that nothing was done. Nothing else makes a second call safe: creation has no key. */
const MAX_RETRIES_WHEN_BUSY = 3;
/** Ending a call twice does no harm, so that is tried again after any fault of the way. */
const END_ATTEMPTS = 3;
const PAUSE_MS = 250;

/** Answers that mean that a call is over, or gone, already: "not in the right state", "not found". */
const OVER_CODES: ReadonlySet<unknown> = new Set([21220, 20404]);

const STATUS_EVENTS = ['initiated', 'ringing', 'answered', 'completed'];

export interface CallControlOptions {
  accountSid: string;
  /** The first is used for calls. */
  authTokens: readonly string[];
  /** Where REST requests go instead of Twilio's own address; null: there. */
  apiUrl: string | null;
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
  const client = new Twilio(options.accountSid, options.authTokens[0], {
    httpClient: new CarrierClient(options.apiUrl),
    // Empty, and not left out: else the environment could send every call elsewhere.
    edge: '',
    region: '',
    logLevel: 'error',
  });

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

/** The `twilio` package's own client, with every request sent to `apiUrl` where there is one. */
class CarrierClient extends RequestClient {
  readonly #base: URL | null;

  constructor(apiUrl: string | null) {
    super({ timeout: REQUEST_TIMEOUT_MS, autoRetry: true, maxRetries: MAX_RETRIES_WHEN_BUSY });
    this.axios.defaults.maxContentLength = MAX_ANSWER_BYTES;
    this.#base = apiUrl === null ? null : new URL(apiUrl);
  }

  override request<TData>(request: RequestClient.RequestOptions<TData>) {
    if (this.#base === null) return super.request(request);
    const url = new URL(request.uri);
    url.protocol = this.#base.protocol;
    url.host = this.#base.host;
    // A host without a port leaves the old port standing.
    url.port = this.#base.port;
    url.pathname = this.#base.pathname.replace(/\/$/, '') + url.pathname;
    return super.request({ ...request, uri: url.href });
  }
}

/** What of an error may be told: HTTP status (null: no answer) and code. */
interface Fault {
  status: number | null;
  code: string | number;
}

function faultOf(error: unknown): Fault {
  const { status, code } = error as { status?: unknown; code?: unknown };
  return {
    status: typeof status === 'number' ? status : null,
    code: typeof code === 'number' ? code : codeOf(error),
  };
}

/** Headers of a SIP call stand in its address; addresses of other kinds have none. */
function withSipHeaders({ to, sipHeaders = {} }: DialRequest): string {
  const headers = new URLSearchParams(sipHeaders).toString();
  if (headers === '' || !/^sips?:/i.test(to)) return to;
  return `${to}${to.includes('?') ? '&' : '?'}${headers}`;
}
