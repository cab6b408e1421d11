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

/** Rows that are asked for side by side: an answer is not waited for long. */
const AT_ONCE = 50;

/** How many of these rows the store does not have. */
export async function countLost(store: TokenStore, kept: readonly Place[]): Promise<number> {
  let lost = 0;
  for (let from = 0; from < kept.length; from += AT_ONCE) {
    const rows = await Promise.all(kept.slice(from, from + AT_ONCE).map((place) => store.get(place)));
    lost += rows.filter((row) => row === null).length;
  }
  return lost;
}
