import type { KeptCard } from './kept-card.js';

/**
 * `open` and `authenticated` are of a page: on the first nobody has paid yet, of the second the acquirer is being asked.
 * One that is closed in that moment is `running`, as any payment that has no answer yet.
 */
export type PaymentStatus = 'open' | 'authenticated' | 'running' | 'approved' | 'declined';

export type PaymentKind = 'payment' | 'verification' | 'registration' | 'page';

/** What a customer asked for, in the customer's words; the card apart. */
export interface Order {
  kind: PaymentKind;
  reference: string;
  /** Minor units; 0 where no money moves. */
  amount: number;
  currency: string;
  /** False: only reserved. */
  capture: boolean;
  entry: 'moto' | 'ecommerce';
  /** The card is kept: by whom asks, after a payment or a verification; by the provider, after the others. */
  stored: boolean;
  unattended: boolean;
  network: string | null;
  networkTransactionId: string | null;
  description: string | null;
}

export interface Payment {
  readonly id: string;
  readonly order: Order;
  status: PaymentStatus;
  card: KeptCard | null;
  /** Name of the card that is kept. */
  storedCard: string | null;
  declineCode: string | null;
  codeCheck: 'match' | 'mismatch' | null;
  network: string | null;
  networkTransactionId: string | null;
  captured: number;
  refunded: number;
  voided: boolean;
}

export interface Refund {
  readonly id: string;
  readonly reference: string;
  readonly payment: Payment;
  readonly amount: number;
}

/** As the API shows it. */
export function paymentView(payment: Payment): object {
  const { order, card } = payment;
  return {
    object: 'payment',
    id: payment.id,
    reference: order.reference,
    kind: order.kind,
    status: payment.status,
    amount: order.amount,
    currency: order.currency,
    entry: order.entry,
    captured: payment.captured,
    refunded: payment.refunded,
    voided: payment.voided,
    decline_code: payment.declineCode,
    code_check: payment.codeCheck,
    networks: card?.networks ?? [],
    network: payment.network,
    network_transaction_id: payment.networkTransactionId,
    stored_card: payment.storedCard,
    card: card && cardView(card),
  };
}

function cardView({ brand, last4, expiry, fingerprint }: KeptCard): object {
  return { brand, last4, exp_month: expiry.month, exp_year: expiry.year, fingerprint };
}

export function refundView({ id, reference, payment, amount }: Refund): object {
  return {
    object: 'refund',
    id,
    reference,
    payment: payment.id,
    status: 'succeeded',
    amount,
    currency: payment.order.currency,
  };
}
