import type { Receipts } from '../../src/receipts/receipts.js';
import { receiptKey, slotOf } from '../../src/redis/keys.js';

/** Receipts that are planned and never sent. */
export const NO_RECEIPTS: Receipts = {
  can: () => false,
  insist: () => {},
  planned: (merchant, id, plan) => ({
    ...{ key: receiptKey(slotOf(merchant, id), id), value: JSON.stringify(plan), ttlSeconds: 60 },
  }),
  list: () => Promise.resolve([]),
};
