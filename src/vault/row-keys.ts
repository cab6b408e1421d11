import { KEY_PREFIX, slotTag } from '../redis/keys.js';
import type { Place } from './token-store.js';

/** Where the rows of a token lie in Redis. */
export interface RowKeys {
  slot: string;
  /** The sealed card: a hash. */
  sealed: string;
  /** The card-free record: JSON. */
  record: string;
  /** The provider's name for the card, until that is forgotten there: a hash. */
  name: string;
  /** How often the card was opened of late: a count. */
  opened: string;
}

/** Whatever has a data key, for SCAN: sealed cards, and providers' names for them. */
export const SEALED_ROWS = `${KEY_PREFIX}v:*:[sp]:*`;

/** Providers' names for cards, for SCAN. */
export const NAME_ROWS = `${KEY_PREFIX}v:*:p:*`;

/** Whatever the vault keeps, for SCAN. */
export const KEPT = `${KEY_PREFIX}[vf]:*`;

/** 128 bits of a MAC: as many as a token has. */
export const INDEX_BYTES = 16;

/** How long openings of a card are counted. */
export const OPENED_S = 3_600;

/** What a key holds: as in `RowKeys`, or the name of a fingerprint. */
export type Kept = { kind: 'sealed' | 'record' | 'name' | 'opened'; place: Place } | { kind: 'fingerprint' };

const KINDS = { s: 'sealed', r: 'record', p: 'name', n: 'opened' } as const;

const ROW_KEY = new RegExp(
  `^${KEY_PREFIX}v:\\{(?<merchant>.+)\\.(?<bucket>[0-9a-f]{2})\\}:(?<letter>[srpn]):(?<index>[0-9a-f]{32})$`,
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
    name: `${row}:p:${name}`,
    opened: `${row}:n:${name}`,
  };
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
