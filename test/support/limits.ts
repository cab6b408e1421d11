import type { Limits } from '../../src/config.js';

/** As many as come. */
export const UNLIMITED: Limits = {
  ...{ capturesPerCaller: null, capturesPerMerchant: null, cardsPerRange: null, chargesPerClient: null },
  ...{ declinesPerCaller: null, declinesPerRange: null, declinesPerMerchant: null },
};
