import { AppError } from '../errors.js';
import { bucketOf } from '../id.js';

/** Everything of ours in Redis begins so: the ACL user is bound to this pattern. */
export const KEY_PREFIX = 'tw:';

/** A merchant's records are spread over this many slots; an id's first random byte says which. */
export const BUCKETS = 256;

/**
 * The hash tag that records which belong together share, so that one script can write them atomically, on a cluster
 * too: `{merchant.bucket}`.
 */
export function slotTag(merchant: string, bucket: number): string {
  return `{${merchant}.${bucket.toString(16).padStart(2, '0')}}`;
}

/** The slot of a record by its id. Throws AppError `not_found` for what can't be an id. */
export function slotOf(merchant: string, id: string): string {
  const bucket = bucketOf(id);
  if (bucket === null) throw new AppError('not_found', 'no such id');
  return slotTag(merchant, bucket);
}

/** Events waiting to be relayed, oldest first; one list a slot, because a record and its event are one write. */
export function outboxKey(slot: string): string {
  return `${KEY_PREFIX}o:${slot}`;
}

/**
 * Changes of a slot that a node wants to hear of again, for its audit chain, oldest first: in the slot, because a change
 * and what says that it was made are one write.
 */
export function outcomesKey(slot: string, chain: string): string {
  return `${KEY_PREFIX}a:${slot}:${chain}`;
}

/** Where and how a payer is told of a capture, or of a charge by token, and of refunds of it. */
export function receiptKey(slot: string, id: string): string {
  return `${KEY_PREFIX}n:${slot}:${id}`;
}

/** An element for the end of a list, which joins an atomic write of its slot. */
export interface SlotAppend {
  key: string;
  value: string;
}

/** A plain SET that joins an atomic write of its slot. */
export interface SlotWrite {
  key: string;
  value: string;
  ttlSeconds: number;
  /** The text that was read and is replaced: when another stands there by then, nothing of the whole write is done. */
  replaces?: string;
}
