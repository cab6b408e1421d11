import type { ApiClient, ApiKeys } from '../access/api-keys.js';
import type { Audit } from '../audit/audit.js';
import { AppError } from '../errors.js';
import type { Logger } from '../log.js';
import type { Metrics } from '../metrics.js';
import type { Route } from './route.js';

/** Why a request gets no further. The answer tells only `scope` apart. */
export type Refusal = 'missing' | 'unknown' | 'expired' | 'disabled' | 'scope';

/** RFC 6750: the scheme in any case, one space or more, one word. Wider than its alphabet: an operator may choose a key. */
const BEARER = /^bearer +([\x21-\x7e]{1,512})$/i;

export interface GateOptions {
  apiKeys: ApiKeys;
  audit: Audit;
  log: Logger;
  metrics: Metrics;
}

/**
 * Lets a request in by its API key and the scope of its route. Wrong keys are not counted by address: 256 bits are not
 * guessed, and a lock would shut out whoever shares a proxy.
 */
export class Gate {
  readonly #options: GateOptions;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /**
   * The client behind an `Authorization` header. Rejects with AppError `unauthorized`, alike for no key and for any
   * that is not valid, or `forbidden`, which names the scope; `redis_unavailable` when a key can't be looked up.
   */
  async admit(
    authorization: string | undefined,
    { path, scope }: Pick<Route, 'path' | 'scope'>,
  ): Promise<ApiClient> {
    const { apiKeys, audit, log, metrics } = this.#options;
    const refused = (reason: Refusal, named = {}, principal?: string): void => {
      metrics.apiKeysRefused.inc({ reason });
      log.warn({ route: path, reason, ...named }, 'api key refused');
      const type = reason === 'scope' ? 'access.forbidden' : 'access.unauthorized';
      const actor = principal ?? 'unknown';
      audit.as({ ...audit.visitor, actor }, () => audit.fact(type, `${path} ${reason}`, 'refused'));
    };
    const apiKey = BEARER.exec(authorization ?? '')?.[1];
    const found = apiKey === undefined ? null : await apiKeys.find(apiKey);
    if (found === null) {
      refused(authorization === undefined ? 'missing' : 'unknown');
      throw unauthorized();
    }
    const { id, state, client } = found;
    const named = { api_key: id, principal: client.principal, merchant: client.merchant };
    if (state !== 'active') {
      refused(state, named, client.principal);
      throw unauthorized();
    }
    if (!client.scopes.has(scope)) {
      refused('scope', named, client.principal);
      throw new AppError('forbidden', `this API key lacks the scope ${scope}`);
    }
    return client;
  }
}

function unauthorized(): AppError {
  return new AppError('unauthorized', 'send Authorization: Bearer and a valid API key');
}
