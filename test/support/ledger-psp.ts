import type { Network } from '../../src/card/networks.js';
import { AppError } from '../../src/errors.js';
import { newId } from '../../src/id.js';
import type { DeclineCode } from '../../src/psp/decline-code.js';
import {
  ABILITIES,
  type Ability,
  type Approved,
  type AuthorizeRequest,
  type CardRequest,
  type Found,
  type HostedPage,
  type Outcome,
  type PageRequest,
  type PaymentName,
  type Psp,
  type PspNotice,
  type RefundOutcome,
  type RefundRequest,
  type Tokenized,
} from '../../src/psp/psp.js';

/** What the provider does with the next request that can move money. */
export type Deed =
  | { kind: 'approve' }
  | { kind: 'decline'; code: DeclineCode }
  /** It does as it was told, and its answer is lost. */
  | { kind: 'lose'; took: boolean }
  /** It is certainly not reached, before or after it was told that something comes. */
  | { kind: 'unreached'; sent: boolean }
  /** It waits for an authentication that nobody will give. */
  | { kind: 'pending' };

interface Movement {
  status: 'approved' | 'declined' | 'pending';
  amount: number;
  currency: string;
  refunded: number;
  code: DeclineCode | null;
}

export interface Payment extends Movement {
  request: Omit<AuthorizeRequest, 'instrument'> & { instrument: string; code: boolean };
}

/** A page on which somebody may pay: `pending` until he has. */
interface Page extends Movement {
  keep: boolean;
  /** Its name for the card that was typed. */
  stored: string | null;
}

/** A payment provider in the process, whose ledger a test reads and whose deeds it chooses. */
export class LedgerPsp implements Psp {
  readonly name = 'ledger';
  readonly abilities: Set<Ability> = new Set(ABILITIES);
  readonly payments = new Map<string, Payment>();
  readonly pages = new Map<string, Page>();
  readonly refunds = new Map<string, number>();
  /** Names of cards that it keeps. */
  readonly kept = new Set<string>();
  /** What it does next; approving once there is nothing more. */
  readonly deeds: Deed[] = [];
  /** Whether it answers those who ask what became of something. */
  answers = true;
  /** How often it was asked to take money. */
  asked = 0;
  codeCheck: Approved['codeCheck'] = null;
  networkTransactionId: string | null = null;
  /** What it says that every card can be charged as. */
  networks: readonly Network[] | null = null;
  /** What it shows of cards that are typed on its pages. */
  card: Approved['card'] = null;
  /** Told when a request has arrived, before anything comes of it. */
  arrived: () => Promise<void> = () => Promise.resolve();

  bounds(currency: string): { least: number; most: number; step: number } | null {
    return currency === 'EUR' ? { least: 50, most: 99_999_999, step: 1 } : null;
  }

  async verify(request: CardRequest): Promise<Outcome> {
    return this.#do(request, async (deed) => this.#outcome(request.reference, deed, null));
  }

  async authorize(request: AuthorizeRequest): Promise<Outcome> {
    this.asked++;
    return this.#do(request, async (deed) => {
      await this.arrived();
      const { instrument } = request;
      const known = this.payments.get(request.reference);
      const took = known === undefined && (deed.kind !== 'lose' || deed.took);
      if (took) {
        const status = {
          approve: 'approved',
          lose: 'approved',
          decline: 'declined',
          pending: 'pending',
        } as const;
        this.payments.set(request.reference, {
          status: deed.kind === 'unreached' ? 'pending' : status[deed.kind],
          ...{ amount: request.money.amount, currency: request.money.currency, refunded: 0 },
          code: deed.kind === 'decline' ? deed.code : null,
          request: {
            ...request,
            instrument:
              instrument.kind === 'stored' ? instrument.reference : instrument.card.number.reveal().join(''),
            code: instrument.kind === 'card' && instrument.code !== null,
          },
        });
      }
      return this.#outcome(request.reference, deed, request.money);
    });
  }

  capture(): Promise<Outcome> {
    return Promise.reject(new AppError('psp_cannot', 'not in these tests'));
  }

  async void(payment: PaymentName): Promise<RefundOutcome> {
    const found = this.#found(payment);
    if (found === undefined || found.refunded > 0) return { status: 'failed', providerCode: 'settled' };
    return this.#giveBack(async () => {
      if (found.status === 'pending') found.status = 'declined';
      else found.refunded = found.amount;
    });
  }

  async refund({ reference, payment, money }: RefundRequest): Promise<RefundOutcome> {
    const found = this.#found(payment);
    return this.#giveBack(async () => {
      if (found === undefined || this.refunds.has(reference)) return;
      this.refunds.set(reference, money.amount);
      found.refunded += money.amount;
    });
  }

  async lookUp(payment: PaymentName): Promise<Found> {
    this.#insistOnAnswer();
    const providerReference = `pay_${payment.reference}`;
    const found = this.#found(payment);
    if (found === undefined) return { status: 'absent' };
    if (found.status === 'pending') return { status: 'pending', providerReference, step: 'open' };
    const { amount, currency, refunded } = found;
    if (found.status === 'declined') {
      return {
        status: 'declined',
        providerReference,
        code: found.code ?? 'card_declined',
        providerCode: 'x',
        refunded,
      };
    }
    const page = this.pages.get(payment.reference);
    const typed = page && { card: this.card, stored: page.stored };
    return { ...this.#approved(payment.reference, { amount, currency }), ...typed, refunded };
  }

  async lookUpRefund({ reference }: RefundRequest): Promise<RefundOutcome | { status: 'absent' }> {
    this.#insistOnAnswer();
    if (!this.refunds.has(reference)) return { status: 'absent' };
    return { status: 'succeeded', providerReference: `re_${reference}` };
  }

  async tokenize(request: CardRequest): Promise<Tokenized> {
    return this.#do(request, async (deed) => {
      const outcome = this.#outcome(request.reference, deed, null);
      if (outcome.status !== 'approved') return outcome;
      const stored = newId('pm_');
      this.kept.add(stored);
      return { ...outcome, stored };
    });
  }

  async forget(stored: string): Promise<void> {
    this.kept.delete(stored);
  }

  async hostedPage({ reference, money, keep }: PageRequest): Promise<HostedPage> {
    this.pages.set(reference, {
      ...{ status: 'pending', ...money, refunded: 0, code: null },
      ...{ keep, stored: null },
    });
    return { url: `https://ledger.example/${reference}`, providerReference: `pay_${reference}` };
  }

  /** Somebody pays on a page, if it is open; what is to be kept of his card is kept, unless `kept` says otherwise. */
  pay(reference: string, { kept = true } = {}): void {
    const page = this.pages.get(reference);
    if (page?.status !== 'pending') return;
    page.status = 'approved';
    if (!page.keep || !kept) return;
    page.stored = newId('pm_');
    this.kept.add(page.stored);
  }

  async closePage({ reference }: PaymentName): Promise<void> {
    if (this.pages.get(reference)?.status === 'pending') this.pages.delete(reference);
  }

  webhook(body: Buffer, headers: { signature?: string }): PspNotice | null {
    if (headers.signature !== 'good') return null;
    return { id: 'ntc_1', payment: { reference: body.toString(), providerReference: null }, refund: false };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #do<T>(request: CardRequest, work: (deed: Deed) => Promise<T>): Promise<T> {
    const deed = this.deeds.shift() ?? { kind: 'approve' };
    const away = new AppError('psp_unavailable', 'the payment provider is away');
    if (deed.kind === 'unreached' && !deed.sent) throw away;
    await request.sending(`pay_${request.reference}`);
    if (deed.kind === 'unreached') throw away;
    return work(deed);
  }

  async #giveBack(move: () => Promise<void>): Promise<RefundOutcome> {
    const deed = this.deeds.shift() ?? { kind: 'approve' };
    if (deed.kind === 'unreached') throw new AppError('psp_unavailable', 'the payment provider is away');
    if (deed.kind === 'decline') return { status: 'failed', providerCode: 'refused' };
    if (deed.kind !== 'lose' || deed.took) await move();
    return deed.kind === 'lose'
      ? { status: 'unknown', why: 'timed_out' }
      : { status: 'succeeded', providerReference: 're_1' };
  }

  #outcome(reference: string, deed: Deed, money: Approved['money']): Outcome {
    const providerReference = `pay_${reference}`;
    if (deed.kind === 'decline') {
      return { status: 'declined', providerReference, code: deed.code, providerCode: deed.code };
    }
    if (deed.kind !== 'approve') return { status: 'unknown', providerReference, why: 'timed_out' };
    return this.#approved(reference, money);
  }

  #approved(reference: string, money: Approved['money']): Approved {
    const { codeCheck, networkTransactionId } = this;
    const providerReference = `pay_${reference}`;
    return {
      ...{ status: 'approved', providerReference, networkTransactionId, codeCheck, money },
      ...{ networks: this.networks, network: null, card: null, stored: null },
    };
  }

  #found({ reference }: PaymentName): Movement | undefined {
    return this.payments.get(reference) ?? this.pages.get(reference);
  }

  #insistOnAnswer(): void {
    if (!this.answers) throw new AppError('psp_unavailable', 'the payment provider is away');
  }
}
