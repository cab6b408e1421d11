import type { Scope } from './scope.js';

/** Whom an API key stands for. It belongs to one merchant and sees that one. */
export interface ApiClient {
  /** A person or a program, by name. */
  principal: string;
  merchant: string;
  scopes: ReadonlySet<Scope>;
}

/** `disabled`: nobody has used it for long. */
export type ApiKeyState = 'active' | 'expired' | 'disabled';

export interface FoundApiKey {
  /** Names the key in logs: never the key itself. */
  id: string;
  state: ApiKeyState;
  client: ApiClient;
}

export interface ApiKeys {
  /** Null for a key that nobody has. Rejects with AppError `redis_unavailable` when that can't be known. */
  find(apiKey: string): Promise<FoundApiKey | null>;
}

/** Looks in each of `sources` in turn. */
export function apiKeysOf(...sources: readonly ApiKeys[]): ApiKeys {
  return {
    async find(apiKey) {
      for (const source of sources) {
        const found = await source.find(apiKey);
        if (found !== null) return found;
      }
      return null;
    },
  };
}
