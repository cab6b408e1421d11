import { randomBytes } from 'node:crypto';
import type { Place, TokenRow, TokenStore } from '../../src/vault/token-store.js';
import { aPlace, RETENTION } from './token-row.js';

export interface PutLoad {
  /** Places of the rows that were acknowledged so far. */
  readonly kept: readonly Place[];
  readonly refused: number;
  stop(): Promise<void>;
}

/** Puts a row into place after place, on `lanes` ways side by side, until told to stop. A refusal ends nothing. */
export function keepPutting(store: TokenStore, row: TokenRow, lanes = 4): PutLoad {
  const kept: Place[] = [];
  let refused = 0;
  const stopped = new AbortController();
  const lane = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      const place = aPlace(randomBytes(1)[0] ?? 0);
      try {
        await store.put(place, row, RETENTION, { events: ['{}'], writes: [] });
        kept.push(place);
      } catch {
        refused++;
      }
    }
  };
  const all = Promise.all(Array.from({ length: lanes }, lane));
  return {
    kept,
    get refused() {
      return refused;
    },
    async stop() {
      stopped.abort();
      await all;
    },
  };
}

/** How many of these rows the store does not have. */
export async function countLost(store: TokenStore, kept: readonly Place[]): Promise<number> {
  const rows = await Promise.all(kept.map((place) => store.get(place)));
  return rows.filter((row) => row === null).length;
}
