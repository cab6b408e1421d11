import { createHash, timingSafeEqual } from 'node:crypto';
import { AppError } from '../errors.js';

export const SCOPES = [
  'captures:read',
  'captures:write',
  'tokens:read',
  'tokens:delete',
  'charges:write',
  'events:read',
] as const;
export type Scope = (typeof SCOPES)[number];

/** Whom an API key stands for. It belongs to one merchant and sees that one. */
export interface ApiClient {
  /** Names the key in idempotency and audit; never the key itself. */
  principal: string;
  merchant: string;
  scopes: ReadonlySet<Scope>;
}

export interface ApiKeys {
  /** Null for a key that nobody has. Takes the same time for any wrong one. */
  find(key: string): Promise<ApiClient | null>;
}

/** Keys from the settings. Digests are compared, all of them each time, so that time tells nothing. */
export function apiKeyList(entries: readonly { key: string; client: ApiClient }[]): ApiKeys {
  const known = entries.map(({ key, client }) => ({ digest: digestOf(key), client }));
  return {
    find(key) {
      const digest = digestOf(key);
      let found: ApiClient | null = null;
      for (const entry of known) if (timingSafeEqual(entry.digest, digest)) found = entry.client;
      return Promise.resolve(found);
    },
  };
}

function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

/** RFC 6750: the scheme in any case, one space or more, one word. Wider than its alphabet: an operator may choose a key. */
const BEARER = /^bearer +([\x21-\x7e]{1,512})$/i;

/**
 * The client behind an `Authorization` header. Throws AppError `unauthorized`, alike for no key and a wrong one. Wrong
 * keys are not counted by address: a key of 128 bits is not guessed, and a lock would shut out whoever shares a proxy.
 */
export async function authenticate(keys: ApiKeys, authorization: string | undefined): Promise<ApiClient> {
  const key = BEARER.exec(authorization ?? '')?.[1];
  const client = key === undefined ? null : await keys.find(key);
  if (client === null) throw new AppError('unauthorized', 'send Authorization: Bearer and a valid API key');
  return client;
}

export function requireScope(client: ApiClient, scope: Scope): void {
  if (!client.scopes.has(scope)) throw new AppError('forbidden', `this API key lacks the scope ${scope}`);
}
