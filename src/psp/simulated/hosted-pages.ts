import type { Clock } from '../../clock.js';
import { newId } from '../../id.js';
import { scenarioOf, type Acquirer } from './acquirer.js';
import type { CardForm } from './card-form.js';
import { judge, keptCard, type Expiry, type KeptCard } from './kept-card.js';
import type { Notices } from './notices.js';
import type { Payment } from './payment.js';
import { APPROVED, AMOUNT_SCENARIOS, NEEDS_AUTHENTICATION, type Verdict } from './scenarios.js';

export type PageLanguage = 'en' | 'fr';

export interface Page {
  readonly payment: Payment;
  readonly returnUrl: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly language: PageLanguage;
}

/** What the payer gets to see. */
export type PageStep =
  | { step: 'card'; mistake: CardMistake | null }
  /** The payer's bank asks. */
  | { step: 'bank'; last4: string }
  /** The bank knows the payer, and the acquirer asks it for the money. */
  | { step: 'acquirer' }
  | { step: 'paid' | 'failed' | 'expired' };

/** What is wrong with what was typed, or that the bank has refused it. */
export type CardMistake = 'number' | 'test_only' | 'expiry' | 'code' | 'network' | 'refused';

/** A card that is tried, and what will be said of it once the bank knows the payer. */
interface Attempt {
  card: KeptCard;
  verdict: Verdict;
  withCode: boolean;
}

interface LivePage extends Page {
  key: string;
  attempts: number;
  mistake: CardMistake | null;
  /** Between the card and the bank's answer. */
  atBank: Attempt | null;
}

/** Cards that may be tried on one page. */
export const MAX_ATTEMPTS = 3;

export interface HostedPagesOptions {
  acquirer: Acquirer;
  notices: Notices;
  clock: Clock;
  /** Which numbers (digits as bytes 0–9) are taken. */
  takes: (number: Uint8Array) => boolean;
  fingerprintKey: Buffer;
  /** How long the acquirer takes, and how much longer it takes where it is slow. */
  acquirerMs: number;
  slowMs: number;
  /** Of the page with this key. */
  urlOf: (key: string) => string;
}

/** Pages on which a payer types his card, and his bank asks whether it is him. */
export class HostedPages {
  readonly #options: HostedPagesOptions;
  readonly #pages = new Map<string, LivePage>();
  readonly #keys = new Map<Payment, string>();

  constructor(options: HostedPagesOptions) {
    this.#options = options;
  }

  /** The page's URL; the same one for a payment that has a page already. */
  open(page: Page): string {
    const { clock, urlOf } = this.#options;
    const known = this.#keys.get(page.payment);
    if (known !== undefined) return urlOf(known);
    const key = newId('');
    this.#keys.set(page.payment, key);
    this.#pages.set(key, { ...page, key, attempts: 0, mistake: null, atBank: null });
    clock.after(Math.max(page.expiresAt - clock.now(), 0), () => this.close(page.payment, 'expired'));
    return urlOf(key);
  }

  /** Nobody can pay on it any more; one that was paid stays so, and what the acquirer is asked runs its course. */
  close(payment: Payment, why: 'closed' | 'expired' = 'closed'): void {
    if (payment.status === 'authenticated') payment.status = 'running';
    if (payment.status !== 'open') return;
    this.#options.acquirer.decline(payment, why);
    this.#tell(payment);
  }

  find(key: string): Page | null {
    return this.#pages.get(key) ?? null;
  }

  stepOf(key: string): PageStep | null {
    const page = this.#pages.get(key);
    if (page === undefined) return null;
    const { payment, expiresAt, atBank, mistake } = page;
    if (payment.status === 'approved') return { step: 'paid' };
    if (this.#options.clock.now() >= expiresAt) this.close(payment, 'expired');
    if (payment.status === 'declined') {
      return { step: ['expired', 'closed'].includes(payment.declineCode ?? '') ? 'expired' : 'failed' };
    }
    if (payment.status !== 'open') return { step: 'acquirer' };
    return atBank === null ? { step: 'card', mistake } : { step: 'bank', last4: atBank.card.last4 };
  }

  /** The payer has typed a card. */
  pay(key: string, form: CardForm): void {
    const page = this.#pages.get(key);
    if (page === undefined || this.stepOf(key)?.step !== 'card') return;
    const expiry = expiryOf(form.fields.get('expiry') ?? '');
    page.mistake = this.#mistakeIn(form, expiry);
    if (page.mistake !== null || form.number === null || expiry === null) return;
    const card = keptCard(form.number, expiry, this.#options.fingerprintKey);
    const network = form.fields.get('network') || undefined;
    if (network !== undefined && !card.networks.includes(network)) {
      page.mistake = 'network';
      return;
    }
    page.payment.network = network ?? null;
    const verdict = judge(scenarioOf(page.payment.order, card).verdict, form.code);
    page.atBank = { card, verdict, withCode: form.code !== null };
  }

  /** The payer has answered his bank. */
  answerBank(key: string, agreed: boolean): void {
    const page = this.#pages.get(key);
    if (page === undefined || this.stepOf(key)?.step !== 'bank' || page.atBank === null) return;
    const { payment, atBank } = page;
    page.atBank = null;
    page.attempts++;
    if (!agreed) return this.#conclude(page, { ...atBank, verdict: REFUSED_BY_PAYER });
    payment.status = 'authenticated';
    this.#tell(payment);
    const verdict = isMet(atBank.verdict) ? APPROVED.verdict : atBank.verdict;
    const { clock, acquirerMs, slowMs } = this.#options;
    const isSlow = scenarioOf(payment.order, atBank.card).fault === 'slow';
    clock.after(acquirerMs + (isSlow ? slowMs : 0), () => this.#conclude(page, { ...atBank, verdict }));
  }

  /** A refusal is the payer's to mend, as long as he has attempts left and a page to try another card on. */
  #conclude(page: LivePage, { card, verdict, withCode }: Attempt): void {
    const { payment, attempts } = page;
    if (!verdict.approved && attempts < MAX_ATTEMPTS && payment.status !== 'running') {
      payment.status = 'open';
      page.mistake = 'refused';
      return;
    }
    this.#options.acquirer.conclude(payment, card, verdict, withCode);
    this.#tell(payment);
  }

  #mistakeIn({ number, code }: CardForm, expiry: Expiry | null): CardMistake | null {
    if (number === null || number.length < 12) return 'number';
    if (!this.#options.takes(number.reveal())) return 'test_only';
    if (expiry === null || isPast(expiry, this.#options.clock.now())) return 'expiry';
    return code === null || code.length < 3 ? 'code' : null;
  }

  #tell(payment: Payment): void {
    const fault = AMOUNT_SCENARIOS[payment.order.amount]?.fault ?? null;
    void this.#options.notices.tell('payment.updated', payment, fault);
  }
}

const REFUSED_BY_PAYER: Verdict = { approved: false, code: 'not_authenticated', unlessCode: null };

/** A bank that wanted to know the payer knows him now. */
function isMet(verdict: Verdict): boolean {
  return !verdict.approved && verdict.code === NEEDS_AUTHENTICATION;
}

/** `MM/YY`. */
function expiryOf(text: string): Expiry | null {
  const [, month, year] = /^\s*(0[1-9]|1[0-2])\s*\/?\s*(\d{2})\s*$/.exec(text) ?? [];
  return month === undefined ? null : { month: Number(month), year: 2000 + Number(year) };
}

/** Whether its month, in UTC, is over. */
function isPast({ month, year }: Expiry, now: number): boolean {
  const today = new Date(now);
  return year * 12 + month <= today.getUTCFullYear() * 12 + today.getUTCMonth();
}
