import { newId } from '../../id.js';
import type { Secret } from '../../secret.js';
import { judge, type KeptCard } from './kept-card.js';
import { Ledger } from './ledger.js';
import type { Order, Payment, PaymentKind, Refund } from './payment.js';
import { AMOUNT_SCENARIOS, APPROVED, type Scenario, type Verdict } from './scenarios.js';

/** Payments, refunds and cards together; beyond it nothing new is taken. */
export const MAX_RECORDS = 200_000;

const KEEPS: ReadonlySet<PaymentKind> = new Set(['registration', 'page']);

/** Why something can't be done. */
export type Objection =
  'full' | 'reference_used' | 'in_progress' | 'not_capturable' | 'not_voidable' | 'more_than_taken';

/** The books of the provider: what was asked for, what became of it, and the money. */
export class Acquirer {
  readonly ledger = new Ledger();
  readonly #payments = new Map<string, Payment>();
  readonly #byReference = new Map<string, Payment>();
  readonly #refunds = new Map<string, Refund>();
  readonly #cards = new Map<string, KeptCard>();
  readonly #most: number;

  constructor(most = MAX_RECORDS) {
    this.#most = most;
  }

  /** By either name. */
  payment(name: { id: string | null; reference: string | null }): Payment | null {
    const byId = name.id === null ? undefined : this.#payments.get(name.id);
    return byId ?? this.#byReference.get(name.reference ?? '') ?? null;
  }

  refundBy(reference: string): Refund | null {
    return this.#refunds.get(reference) ?? null;
  }

  storedCard(name: string): KeptCard | null {
    return this.#cards.get(name) ?? null;
  }

  /** Names of the cards that are kept. */
  get storedCards(): readonly string[] {
    return [...this.#cards.keys()];
  }

  /** False when there is no such card. */
  forget(name: string): boolean {
    return this.#cards.delete(name);
  }

  /** A new payment that is running, or that one which has this reference already. */
  begin(order: Order, status: 'open' | 'running' = 'running'): Payment | Objection {
    const known = this.#byReference.get(order.reference);
    if (known !== undefined) {
      if (!isSame(known.order, order)) return 'reference_used';
      return known.status === 'running' ? 'in_progress' : known;
    }
    if (this.#isFull()) return 'full';
    const payment: Payment = {
      id: newId('pay_'),
      order,
      status,
      card: null,
      storedCard: null,
      declineCode: null,
      codeCheck: null,
      network: null,
      networkTransactionId: null,
      captured: 0,
      refunded: 0,
      voided: false,
    };
    this.#payments.set(payment.id, payment);
    this.#byReference.set(order.reference, payment);
    return payment;
  }

  /** Has the issuer asked, and moves the money when it agrees. */
  finish(payment: Payment, card: KeptCard, code: Secret | null): void {
    const verdict = judge(scenarioOf(payment.order, card).verdict, code);
    this.conclude(payment, card, verdict, code !== null);
  }

  /** As `finish`, where the issuer has spoken already. */
  conclude(payment: Payment, card: KeptCard, verdict: Verdict, withCode: boolean): void {
    const { order } = payment;
    payment.card = card;
    payment.network ??= order.network ?? card.networks[0] ?? null;
    if (order.network !== null && !card.networks.includes(order.network)) {
      return this.decline(payment, 'network_not_on_card');
    }
    if (!verdict.approved) return this.decline(payment, verdict.code);
    payment.status = 'approved';
    payment.codeCheck = withCode ? verdict.codeCheck : null;
    payment.networkTransactionId = order.networkTransactionId ?? newId('ntx_');
    if (order.stored && KEEPS.has(order.kind)) payment.storedCard = this.#keep(card);
    if (order.amount === 0) return;
    if (order.capture) payment.captured = order.amount;
    this.#move(payment, order.capture ? 'take' : 'reserve', order.amount);
  }

  decline(payment: Payment, code: string): void {
    payment.status = 'declined';
    payment.declineCode = code;
  }

  /** Takes what was reserved, or less; the rest is let go. */
  capture(payment: Payment, amount: number): Objection | null {
    const { order, status, captured, voided } = payment;
    if (captured === amount && !voided) return null;
    if (status !== 'approved' || captured > 0 || voided || amount > order.amount) return 'not_capturable';
    payment.captured = amount;
    this.#move(payment, 'release', order.amount);
    this.#move(payment, 'take', amount);
    return null;
  }

  /** Lets go of all that was reserved, or gives back all that was taken, while nothing of it has been refunded. */
  void(payment: Payment): Objection | null {
    const { order, status, captured, voided, refunded } = payment;
    if (voided) return null;
    if (status !== 'approved' || order.amount === 0 || refunded > 0) return 'not_voidable';
    payment.voided = true;
    payment.refunded = captured;
    if (captured > 0) this.#move(payment, 'refund', captured);
    else this.#move(payment, 'release', order.amount);
    return null;
  }

  refund(reference: string, payment: Payment, amount: number): Refund | Objection {
    const known = this.#refunds.get(reference);
    if (known !== undefined) {
      return known.payment === payment && known.amount === amount ? known : 'reference_used';
    }
    if (this.#isFull()) return 'full';
    if (amount > payment.captured - payment.refunded) return 'more_than_taken';
    const refund: Refund = { id: newId('ref_'), reference, payment, amount };
    this.#refunds.set(reference, refund);
    payment.refunded += amount;
    this.#move(payment, 'refund', amount);
    return refund;
  }

  #isFull(): boolean {
    return this.#payments.size + this.#refunds.size + this.#cards.size >= this.#most;
  }

  #keep(card: KeptCard): string {
    const name = newId('card_');
    this.#cards.set(name, card);
    return name;
  }

  #move({ order }: Payment, kind: 'reserve' | 'release' | 'take' | 'refund', amount: number): void {
    this.ledger.enter({ kind, reference: order.reference, amount, currency: order.currency });
  }
}

/** The amount's, where it has one; the card's otherwise. */
export function scenarioOf(order: Order, card: KeptCard | null): Scenario {
  return AMOUNT_SCENARIOS[order.amount] ?? card?.scenario ?? APPROVED;
}

function isSame(one: Order, other: Order): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
