import { z } from 'zod';
import { AppError } from '../errors.js';
import { providerCode } from './provider-code.js';
import type { Reply } from './provider-wire.js';
import { NETWORKS, type Network } from '../card/networks.js';
import type { Found, Outcome, SeenCard, UnknownWhy } from './psp.js';
import { seenCard } from './seen-card.js';
import { simulatedDecline } from './simulated-declines.js';

const name = z.string().regex(/^\w{1,64}$/);
const amount = z.int().nonnegative();
const network = z.enum(NETWORKS);

const card = z.object({
  brand: z.unknown(),
  last4: z.unknown(),
  exp_month: z.unknown(),
  exp_year: z.unknown(),
  fingerprint: z.unknown(),
});

const paymentSchema = z.object({
  object: z.literal('payment'),
  id: name,
  reference: z.string(),
  kind: z.enum(['payment', 'verification', 'registration', 'page']),
  status: z.enum(['open', 'authenticated', 'running', 'approved', 'declined']),
  amount,
  currency: z.string().regex(/^[A-Z]{3}$|^$/),
  captured: amount,
  refunded: amount,
  decline_code: z.string().nullable(),
  code_check: z.enum(['match', 'mismatch']).nullable(),
  networks: z.array(network),
  network: network.nullable(),
  network_transaction_id: name.nullable(),
  stored_card: name.nullable(),
  card: card.nullable(),
  url: z.url().optional(),
});
export type SimulatedPayment = z.infer<typeof paymentSchema>;

const refundSchema = z.object({
  object: z.literal('refund'),
  id: name,
  reference: z.string(),
  status: z.literal('succeeded'),
});

const errorSchema = z.object({ error: z.object({ code: z.string() }) });

/** What an answer amounts to. */
export type Answer<T> =
  | { is: 'there'; value: T }
  /** The provider did nothing, and says why. */
  | { is: 'refused'; code: string }
  | { is: 'unknown'; why: UnknownWhy };

/** An answer is believed to be of a request only when it names its reference. */
export function readPayment(reply: Reply, reference: string | null): Answer<SimulatedPayment> {
  return readAnswer(reply, paymentSchema, reference);
}

export function readRefund(reply: Reply, reference: string): Answer<z.infer<typeof refundSchema>> {
  return readAnswer(reply, refundSchema, reference);
}

/** Throws AppError `psp_unavailable` or `psp_misconfigured` when certainly nothing was done. */
export function readAnswer<T extends { reference: string }>(
  reply: Reply,
  schema: z.ZodType<T>,
  reference: string | null,
): Answer<T> {
  if (reply.kind === 'unreached') throw unavailable('not reached');
  if (reply.kind === 'lost') return { is: 'unknown', why: reply.why };
  const { status, json } = reply;
  if (status === 503) throw unavailable('too busy');
  if (status >= 500) return { is: 'unknown', why: 'server_error' };
  const value = schema.safeParse(json);
  if (value.success && (reference === null || value.data.reference === reference)) {
    return { is: 'there', value: value.data };
  }
  const error = errorSchema.safeParse(json);
  if (!error.success || status < 400) return { is: 'unknown', why: 'unreadable' };
  const code = providerCode(error.data.error.code);
  if (code === 'in_progress') return { is: 'unknown', why: 'still_running' };
  if (status === 404 || status === 409) return { is: 'refused', code };
  throw misconfigured(status, code);
}

/** What became of a payment, whatever was asked. `known` is the provider's name of it, where it was told before. */
export function outcomeOf(answer: Answer<SimulatedPayment>, known: string | null = null): Outcome {
  if (answer.is === 'unknown') return { status: 'unknown', providerReference: known, why: answer.why };
  if (answer.is === 'refused') {
    return {
      status: 'declined',
      providerReference: known,
      code: 'processing_error',
      providerCode: answer.code,
    };
  }
  const payment = answer.value;
  if (payment.status === 'declined') {
    const code = providerCode(payment.decline_code ?? '');
    return {
      status: 'declined',
      providerReference: payment.id,
      code: simulatedDecline(code),
      providerCode: code,
    };
  }
  if (payment.status !== 'approved') {
    return { status: 'unknown', providerReference: payment.id, why: 'still_running' };
  }
  const networks: readonly Network[] = payment.networks;
  const moved = payment.captured > 0 ? payment.captured : payment.amount;
  return {
    status: 'approved',
    providerReference: payment.id,
    networkTransactionId: payment.network_transaction_id,
    codeCheck: payment.code_check,
    networks: networks.length === 0 ? null : networks,
    network: payment.network,
    card: payment.kind === 'page' ? cardOf(payment) : null,
    stored: payment.stored_card,
    money: moved === 0 ? null : { amount: moved, currency: payment.currency },
  };
}

function cardOf({ card }: SimulatedPayment): SeenCard | null {
  if (card === null) return null;
  const { brand, last4, exp_month: expMonth, exp_year: expYear, fingerprint } = card;
  return seenCard({ brand, last4, expMonth, expYear, fingerprint });
}

export function foundOf(answer: Answer<SimulatedPayment>): Found {
  if (answer.is === 'refused') return { status: 'absent' };
  if (answer.is === 'unknown') throw unavailable('not readable');
  const { status, id, refunded } = answer.value;
  if (status === 'open' || status === 'authenticated') {
    return { status: 'pending', providerReference: id, step: status };
  }
  return { ...outcomeOf(answer), refunded };
}

export function unavailable(what: string): AppError {
  return new AppError('psp_unavailable', `the payment provider is ${what}: nothing was done; try again`);
}

function misconfigured(status: number, code: string): AppError {
  const hint =
    code === 'raw_cards_not_enabled'
      ? 'have the provider switch on card numbers sent by API for this account'
      : status === 401
        ? 'its secret is not the one in the settings'
        : 'the request was refused as it is';
  return new AppError('psp_misconfigured', `the payment provider answers ${status} ${code}: ${hint}`);
}
