import { codeOf } from '../errors.js';
import type { Redis } from '../redis/redis.js';
import { aadOf, bindingOf, NO_RECORD } from './envelope.js';
import type { KeyProvider } from './key-provider.js';
import { REWRAP } from './rewrap-scripts.js';
import { keptAt, rowKeys } from './row-keys.js';
import type { Place } from './token-store.js';

/** What became of a row: `kept` as it has the version that seals now; the others as in `RewrapCounts`. */
export type RowOutcome = 'kept' | 'rewrapped' | 'raced' | 'failed';

/** A sealed card, or a name of one, as far as its key needs it. */
interface Row {
  key: string;
  place: Place | null;
  version: string;
  wrapped: Buffer;
  layout: number;
  record: string;
}

/** Rows of which each turn of the event loop wraps the keys, some 2 ms: frames of calls wait no longer. */
const ROWS_A_TURN = 16;

/**
 * Wraps the data keys of sealed cards by the version that seals now. All are read at once and written as they are
 * done, so that a step waits twice for Redis, however many rows it has. Rejects with AppError `redis_unavailable`.
 */
export async function rewrapRows(
  redis: Redis,
  keys: KeyProvider,
  rows: readonly string[],
): Promise<RowOutcome[]> {
  const read = await Promise.all(rows.map((key) => readRow(redis, key)));
  const outcomes: Promise<RowOutcome>[] = [];
  for (const [at, row] of read.entries()) {
    if (at % ROWS_A_TURN === 0) await turn();
    const outcome = rewrap(redis, keys, row);
    // Whether it failed is seen below, with the others.
    outcome.catch(() => {});
    outcomes.push(outcome);
  }
  return Promise.all(outcomes);
}

/** Null when it has gone meanwhile. */
async function readRow(redis: Redis, key: string): Promise<Row | null> {
  const kept = keptAt(key);
  const place = kept?.kind === 'sealed' || kept?.kind === 'name' ? kept.place : null;
  const [fields, record] = await Promise.all([
    redis.commandBuffer('HMGET', key, 'k', 'w', 'v'),
    kept?.kind === 'sealed' ? redis.command('GET', rowKeys(kept.place).record) : NO_RECORD,
  ]);
  const [version, wrapped, layout] = fields as (Buffer | null)[];
  if (!version || !wrapped || !layout) return null;
  const [versionName, layoutNumber] = [version.toString(), Number(layout.toString())];
  return { key, place, version: versionName, wrapped, layout: layoutNumber, record: String(record) };
}

async function rewrap(redis: Redis, keys: KeyProvider, row: Row | null): Promise<RowOutcome> {
  if (row === null) return 'raced';
  const { key, version, wrapped } = row;
  const age = (id: string): number => keys.versions.findIndex((known) => known.id === id);
  if (age(version) >= 0 && age(version) >= age(keys.active)) return 'kept';
  try {
    const next = await rewrapped(keys, row);
    const done = await redis.run(REWRAP, [key], [version, wrapped, next.version, next.sealed]);
    return done === 1 ? 'rewrapped' : 'raced';
  } catch (error) {
    if (codeOf(error) === 'redis_unavailable') throw error;
    return 'failed';
  }
}

/** The data key of a row, wrapped by the active version. */
async function rewrapped(
  keys: KeyProvider,
  { place, version, wrapped, layout, record }: Row,
): Promise<{ version: string; sealed: Buffer }> {
  if (place === null) throw new RangeError('a sealed row has no place');
  const aad = aadOf('data-key', bindingOf(layout, place, record));
  const dataKey = await keys.unwrap(place.merchant, version, wrapped, aad);
  try {
    return await keys.wrap(place.merchant, dataKey, aad);
  } finally {
    dataKey.wipe();
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
