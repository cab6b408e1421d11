import RequestClient from 'twilio/lib/base/RequestClient.js';
import Twilio from 'twilio/lib/rest/Twilio.js';
import { codeOf } from '../../errors.js';

export interface RestOptions {
  accountSid: string;
  /** The first is used for requests. */
  authTokens: readonly string[];
  /** Where REST requests go instead of Twilio's own address; null: there. */
  apiUrl: string | null;
}

const REQUEST_TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 64 * 1024;
/** After a 429, which says that nothing was done. Nothing else makes a second request safe: creation has no key. */
const MAX_RETRIES_WHEN_BUSY = 3;

/** The `twilio` package as this service uses it. The messages of its errors never leave: they quote numbers. */
export function createRestClient({ accountSid, authTokens, apiUrl }: RestOptions): Twilio {
  return new Twilio(accountSid, authTokens[0], {
    httpClient: new CarrierClient(apiUrl),
    // Empty, and not left out: else the environment could send every request elsewhere.
    edge: '',
    region: '',
    logLevel: 'error',
  });
}

/** The package's own client, with every request sent to `apiUrl` where there is one. */
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
export interface Fault {
  status: number | null;
  code: string | number;
}

export function faultOf(error: unknown): Fault {
  const { status, code } = error as { status?: unknown; code?: unknown };
  return {
    status: typeof status === 'number' ? status : null,
    code: typeof code === 'number' ? code : codeOf(error),
  };
}
