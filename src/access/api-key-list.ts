import { timingSafeEqual } from 'node:crypto';
import { digestOf } from './api-key.js';
import type { ApiClient, ApiKeys, FoundApiKey } from './api-keys.js';

/**
 * Keys from the settings. Digests are compared, all of them each time, so that time tells nothing: unlike ours, a key
 * that an operator chose may be guessed in parts.
 */
export function apiKeyList(entries: readonly { key: string; client: ApiClient }[]): ApiKeys {
  const known = entries.map(({ key, client }) => ({ digest: digest(key), client }));
  return {
    find(apiKey) {
      const asked = digest(apiKey);
      let found: FoundApiKey | null = null;
      for (const { digest, client } of known) {
        if (timingSafeEqual(digest, asked)) found = { id: client.principal, state: 'active', client };
      }
      return Promise.resolve(found);
    },
  };
}

function digest(apiKey: string): Buffer {
  return Buffer.from(digestOf(apiKey));
}
