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

/** Whatever the vault keeps, for SCAN. */
export const KEPT = `${KEY_PREFIX}[vf]:*`;

/** How long openings of a card are counted. */
export const OPENED_S = 3_600;

/** What a key holds: `sealed`, `record` and `opened` as in `RowKeys`, or the name of a fingerprint. */
export type Kept = { kind: 'sealed' | 'record' | 'opened'; place: Place } | { kind: 'fingerprint' };

const KINDS = { s: 'sealed', r: 'record', n: 'opened' } as const;

const ROW_KEY = new RegExp(
  `^${KEY_PREFIX}v:\\{(?<merchant>.+)\\.(?<bucket>[0-9a-f]{2})\\}:(?<letter>[srn]):(?<index>[0-9a-f]{32})$`,
);
/** By 128 bits, or whole as in layout 1. */
const FINGERPRINT_KEY = new RegExp(`^${KEY_PREFIX}f:\\{.+\\.[0-9a-f]{2}\\}:(?:[\\w-]{22}|[0-9a-f]{64})$`);

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
  const kept = keptAt(sealed);
  return kept?.kind === 'sealed' ? kept.place : null;
}

/** What a key is for, or null when it is none of the vault's. */
export function keptAt(key: string): Kept | null {
  const { merchant, bucket, letter, index } = ROW_KEY.exec(key)?.groups ?? {};
  if (merchant === undefined || bucket === undefined || index === undefined) {
    return FINGERPRINT_KEY.test(key) ? { kind: 'fingerprint' } : null;
  }
  const place = { merchant, bucket: Number.parseInt(bucket, 16), index: Buffer.from(index, 'hex') };
  return { kind: KINDS[letter as keyof typeof KINDS], place };
}
