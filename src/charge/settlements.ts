import type { TokenView } from '../vault/vault.js';
import type { Caller } from '../fraud/limit.js';
import type { ChargeRecord } from './charge.js';
import type { Conclusion } from './till.js';

/** Those who wait for the outcome of a charge that nobody knew when its capture ended. */
export interface Settlements {
  /**
   * What becomes true together with the outcome of a charge of a capture; `charge` is the record as it is about to be
   * written, `approved` (then with its token, where it has one) or `declined`. Null: nothing. Reads only, and may be asked more than once:
   * a write that comes too late is computed anew.
   */
  conclude(charge: ChargeRecord, token: TokenView | null): Promise<Conclusion | null>;
  /** On whose telephone the capture of a charge is; null when nobody knows any more. */
  callerOf(charge: ChargeRecord): Promise<Caller | null>;
  /**
   * Where the payer is, on the page where he pays: `authenticated` while his bank, which knows him, is asked for the
   * money; `open` before that, and again after it has refused a card.
   */
  onPage(charge: ChargeRecord, step: 'open' | 'authenticated'): Promise<void>;
}
