import type { IncomingHttpHeaders } from 'node:http';
import type { Brand } from '../card/brands.js';
import type { CardSecret } from '../card/card.js';
import type { Network } from '../card/networks.js';
import type { Secret } from '../secret.js';
import type { DeclineCode } from './decline-code.js';

/** What a provider may or may not do for an account. What it can't do is refused before anything is sent to it. */
export const ABILITIES = [
  'raw_card',
  'verify',
  'authorize_only',
  'partial_refund',
  'void',
  'tokenize',
  'hosted_page',
  'choose_network',
] as const;
export type Ability = (typeof ABILITIES)[number];

/** How the card was given: on the telephone (mail order, telephone order), or typed by the payer on a page. */
export type Entry = 'moto' | 'ecommerce';

export interface Money {
  /** In the minor unit of ISO 4217, whatever the provider counts in. */
  amount: number;
  currency: string;
}

/** What is charged: the card itself, with its code where it has just been keyed, or the provider's name for a card. */
export type Instrument =
  { kind: 'card'; card: CardSecret; code: Secret | null } | { kind: 'stored'; reference: string };

export interface CardRequest {
  /** Our name of this request: the provider keeps it, and `lookUp` finds it again. Never used for another request. */
  reference: string;
  instrument: Instrument;
  entry: Entry;
  /** The card is kept for later charges. */
  stored: boolean;
  /**
   * Called exactly once, immediately before the first byte that can move money or holds the card leaves, with the
   * provider's name of the payment where it has given one by then. When it rejects, nothing is sent, and the method
   * rejects with the same error.
   */
  sending(providerReference: string | null): Promise<void>;
}

export interface AuthorizeRequest extends CardRequest {
  money: Money;
  /** False: the money is only reserved, until `capture` or `void`. */
  capture: boolean;
  /** The payer isn't there: a later charge of a saved card, by the merchant. */
  unattended: boolean;
  /** Of the first payment with this card; for charges that are `unattended`. */
  networkTransactionId: string | null;
  /** What the payer chose of a co-badged card. */
  network: Network | null;
  /** The merchant's own name of what is paid: shown to people, never used to find anything. */
  description: string | null;
}

/** Which request is meant, by either name. */
export interface PaymentName {
  reference: string;
  providerReference: string | null;
}

/** A provider's answer, in values. Codes of providers are at most 64 characters of `a-z 0-9 _ -`: nothing echoes. */
export type Outcome =
  | Approved
  | { status: 'declined'; providerReference: string | null; code: DeclineCode; providerCode: string }
  /** Money may have moved or not: `lookUp` will tell. `why` is for the log. */
  | { status: 'unknown'; providerReference: string | null; why: UnknownWhy };

export interface Approved {
  status: 'approved';
  providerReference: string;
  networkTransactionId: string | null;
  /** What the security code was, when one was sent and the provider says: a wrong one may be approved all the same. */
  codeCheck: 'match' | 'mismatch' | null;
  /** What the card can be charged as, when the provider says. */
  networks: readonly Network[] | null;
  network: Network | null;
  /** What was taken, or reserved. */
  money: Money | null;
  /** The card, where it was typed on a page and the provider shows it; else null. */
  card: SeenCard | null;
  /** The provider's name for the card, for `Instrument`; null where it wasn't asked to keep it. */
  stored: string | null;
}

/** What a provider shows of a card whose number only it has seen. */
export interface SeenCard {
  brand: Brand;
  last4: string;
  /** 1–12. */
  expMonth: number;
  /** Four digits. */
  expYear: number;
  /** Alike for the same number, and nothing of it: printable ASCII, 64 characters at most. Null: the provider has none. */
  fingerprint: string | null;
}

export type UnknownWhy = 'timed_out' | 'cut_off' | 'unreadable' | 'server_error' | 'still_running';

/**
 * What a look-up finds: an outcome, or that there is no such payment at the provider. `absent` is true of the moment:
 * a request that is still on its way may come after it.
 */
export type Found =
  /** `refunded`: minor units that went back, whoever asked for that. */
  | (Outcome & { refunded: number })
  /** Nobody has paid yet: a page that is open, a card that the issuer wants authenticated. */
  | { status: 'pending'; providerReference: string; step: 'open' | 'authenticated' }
  | { status: 'absent' };

export type Tokenized = (Approved & { stored: string }) | Exclude<Outcome, Approved>;

export interface RefundRequest {
  /** Ours; a second request with the same one refunds nothing more. */
  reference: string;
  payment: PaymentName;
  money: Money;
}

export type RefundOutcome =
  | { status: 'succeeded'; providerReference: string }
  | { status: 'failed'; providerCode: string }
  | { status: 'unknown'; why: UnknownWhy };

export interface PageRequest {
  reference: string;
  money: Money;
  description: string | null;
  language: 'en' | 'fr';
  /** The card is kept for later charges by us, which its payer has agreed to: `Approved.stored` will be its name. */
  keep: boolean;
  /** Where the payer's browser goes afterwards. What it says there is believed by nobody. */
  returnUrl: string;
  /** RFC 3339. */
  expiresAt: string;
}

export interface HostedPage {
  url: string;
  providerReference: string;
}

/**
 * A webhook that was truly sent by the provider: which payment has changed, or of which one money went back. What it is
 * now, `lookUp` says.
 */
export interface PspNotice {
  /** The provider's name of the notice: the same one may come twice. */
  id: string;
  payment: PaymentName;
  /** That money went back: news of a payment whose outcome is known. */
  refund: boolean;
}

/**
 * A payment provider. Requests that can take money carry a name of ours; sent again with the same name, they take it
 * once. A refusal is a value. Methods reject with AppError `psp_unavailable` when the provider was certainly not
 * reached or certainly did nothing, with `psp_misconfigured` (and what to switch on) when it says that the account may
 * not do this, and with `psp_cannot` for what `abilities` lacks. A card or code that is sent is wiped from every buffer
 * of the implementation when the answer is there; the caller wipes its own.
 */
export interface Psp {
  /** As in `Charge.provider`. */
  readonly name: string;
  readonly abilities: ReadonlySet<Ability>;
  /** The least and most that can be charged in this currency, in its minor unit; null when the currency isn't taken. */
  bounds(currency: string): { least: number; most: number; step: number } | null;
  /** Asks whether the card is good; takes nothing. */
  verify(request: CardRequest): Promise<Outcome>;
  authorize(request: AuthorizeRequest): Promise<Outcome>;
  /** Takes what was reserved, or less. */
  capture(payment: PaymentName, money: Money): Promise<Outcome>;
  /** Gives back what was reserved, or was taken today and isn't settled yet. */
  void(payment: PaymentName): Promise<RefundOutcome>;
  refund(request: RefundRequest): Promise<RefundOutcome>;
  /** The truth about a payment, a verification or a page. Rejects with `psp_unavailable` when it can't be had. */
  lookUp(payment: PaymentName): Promise<Found>;
  lookUpRefund(refund: RefundRequest): Promise<RefundOutcome | { status: 'absent' }>;
  /** The provider keeps the card; `stored` is its name, for `Instrument`. */
  tokenize(request: CardRequest): Promise<Tokenized>;
  /** Forgets a card that it keeps; one that is forgotten already stays so. */
  forget(stored: string): Promise<void>;
  hostedPage(request: PageRequest): Promise<HostedPage>;
  /** Nobody can begin to pay there any more. What is under way in that moment is `unknown` until it is over. */
  closePage(page: PaymentName): Promise<void>;
  /** Null when it is not signed by the provider, or too old; `irrelevant` when it tells of nothing that matters. */
  webhook(body: Buffer, headers: IncomingHttpHeaders): PspNotice | 'irrelevant' | null;
  close(): Promise<void>;
}
