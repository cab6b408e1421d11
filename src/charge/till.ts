import type { ChargeView, Outcome } from '../capture/view.js';
import type { Language } from '../capture/flow.js';
import type { CardSecret } from '../card/card.js';
import type { CardNetworks } from '../card/networks.js';
import type { Caller } from '../fraud/limit.js';
import type { SlotWrite } from '../redis/keys.js';
import type { Money } from '../psp/psp.js';
import type { Secret } from '../secret.js';
import type { Channel, Consent, Purpose, TokenView, Usage } from '../vault/vault.js';

/** A card that has just been keyed, and what is to be done with it. */
export interface TakeRequest extends CardNetworks {
  merchant: string;
  /** The slot of the capture: token, charge and what `conclude` writes share it. */
  bucket: number;
  captureId: string;
  /** On whose telephone it was keyed. */
  caller: Caller;
  outcome: Outcome;
  card: CardSecret;
  /** Used in one request and wiped on its answer, whatever it is. */
  code: Secret | null;
  /** Null unless the outcome is `charge`. */
  money: Money | null;
  reference: string | null;
  channel: Channel;
  purpose: Purpose;
  usage: Usage;
  consent: Consent | null;
  metadata: Readonly<Record<string, string>>;
  /** Of the sentences in `decline`. */
  language: Language;
  /** What becomes true together with the token (and the approved charge): the end of the capture. */
  conclude(token: TokenView, charge: ChargeView | null): Conclusion;
}

export interface Conclusion {
  /** JSON of `CrmEvent`s. */
  events: readonly string[];
  writes: readonly SlotWrite[];
}

export type Taken =
  | { status: 'done'; token: TokenView; charge: ChargeView | null }
  /** No money was taken and no token is left. `decline` says what to tell whom, and what next. */
  | { status: 'refused'; decline: NonNullable<ChargeView['decline']>; charge: ChargeView | null }
  /** Nobody knows yet whether money was taken; it will be settled. Null for a verification. */
  | { status: 'unknown'; charge: ChargeView | null };

/**
 * Does with a card what its capture is for: seals it, has it verified, or charges it; or, where no cards are kept, has
 * the provider keep it. Rejects with AppError `vault_unavailable`, `redis_unavailable`, `psp_unavailable`,
 * `psp_misconfigured` or `psp_cannot` when nothing was done: no money was taken and no token is left.
 */
export interface Till {
  /** What can be asked of it now; everything but `token` needs a provider. */
  can(outcome: Outcome): boolean;
  /** Why the provider can't take this much, for people; null when it can. */
  amountFault(money: Money): string | null;
  /** Whether what a payer chooses of a co-badged card is heeded; else he is not asked. */
  canChooseNetwork(): boolean;
  take(request: TakeRequest): Promise<Taken>;
}
