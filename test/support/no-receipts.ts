import type { Receipts } from '../../src/receipts/receipts.js';

/** Receipts of a service that has no way of sending any. */
export const NO_RECEIPTS: Receipts = {
  can: () => false,
  insist: () => {},
  planned: () => {
    throw new TypeError('no receipt was to be planned');
  },
  list: () => Promise.resolve([]),
};
