import { KEY_PREFIX, slotTag } from '../redis/keys.js';
import type { Place } from './token-store.js';

/** Where the rows of a token lie in Redis. */
export interface RowKeys {
  slot: string;
  /** The sealed card: a hash. */
  sealed: string;
  /** The card-free record: JSON. */
  record: string;
  /** How often the card was opened of late: a count. */
  opened: string;
}

/** Sealed cards, for SCAN. */
export const SEALED_ROWS = `${KEY_PREFIX}v:*:s:*`;

const SEALED_KEY = new RegExp(
  `^${KEY_PREFIX}v:\\{(?<merchant>.+)\\.(?<bucket>[0-9a-f]{2})\\}:s:(?<index>[0-9a-f]{32})$`,
);

export function rowKeys({ merchant, bucket, index }: Place): RowKeys {
  const slot = slotTag(merchant, bucket);
  const row = `${KEY_PREFIX}v:${slot}`;
  const name = index.toString('hex');
  return {
    slot,
    sealed: `${row}:s:${name}`,
    record: `${row}:r:${name}`,
    opened: `${row}:n:${name}`,
  };
}

/** The place of a sealed card by its key, or null when it is none. */
export function placeOf(sealed: string): Place | null {
  const { merchant, bucket, index } = SEALED_KEY.exec(sealed)?.groups ?? {};
  if (merchant === undefined || bucket === undefined || index === undefined) return null;
  return { merchant, bucket: Number.parseInt(bucket, 16), index: Buffer.from(index, 'hex') };
}
