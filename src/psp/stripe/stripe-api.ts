import { z } from 'zod';
import { blankCard } from '../card-echo.js';
import { formBody } from '../form-body.js';
import type { ProviderWire, Reply, WireRequest } from '../provider-wire.js';
import type { UnknownWhy } from '../psp.js';
import { errorSchema, type StripeError } from './stripe-objects.js';
import type { Fields, KeyedCard } from './stripe-requests.js';

/** Of the objects and codes that are read here; an account's own version doesn't count. */
export const STRIPE_API_VERSION = '2026-10-28.endive';

/** What became of a request. */
export type Answer<Value> =
  | { kind: 'done'; value: Value }
  | { kind: 'refused'; status: number; error: StripeError }
  /** Certainly. */
  | { kind: 'nothing_done' }
  | { kind: 'unclear'; why: UnknownWhy };

const refusalSchema = z.object({ error: errorSchema });

/** Stripe's HTTP, and what its answers leave certain. */
export class StripeApi {
  readonly #wire: ProviderWire;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(wire: ProviderWire, secretKey: string) {
    this.#wire = wire;
    this.#headers = { authorization: `Bearer ${secretKey}`, 'stripe-version': STRIPE_API_VERSION };
  }

  get<Value>(path: string, query: Fields, schema: z.ZodType<Value>): Promise<Answer<Value>> {
    return this.#repeatable(
      `${path}?${formBody(query).toString()}`,
      () => ({ method: 'GET', body: null }),
      schema,
    );
  }

  /** Makes an object in which there is no card: with the same key once, however often it is asked for. */
  make<Value>(path: string, fields: Fields, key: string, schema: z.ZodType<Value>): Promise<Answer<Value>> {
    const request = () => this.#form(fields, null, key);
    return this.#repeatable(path, request, schema);
  }

  /** Sends a card. */
  async confirm<Value>(
    path: string,
    fields: Fields,
    key: string,
    card: KeyedCard | null,
    schema: z.ZodType<Value>,
  ): Promise<Answer<Value>> {
    const blank = (answer: Buffer): void => {
      if (card !== null) blankCard(answer, card.card.number, card.code);
    };
    return answerOf(await this.#send(path, { ...this.#form(fields, card, key), blank }), schema);
  }

  /** Changes an object in a way that a second time changes no more. */
  change<Value>(path: string, fields: Fields, schema: z.ZodType<Value>): Promise<Answer<Value>> {
    return this.#repeatable(path, () => this.#form(fields, null, null), schema);
  }

  remove(path: string): Promise<Answer<unknown>> {
    return this.#repeatable(path, () => ({ method: 'DELETE', body: null }), z.unknown());
  }

  close(): void {
    this.#wire.close();
  }

  /** Once more when the connection was cut: it may have been an idle one that Stripe had just closed. */
  async #repeatable<Value>(
    path: string,
    request: () => Part,
    schema: z.ZodType<Value>,
  ): Promise<Answer<Value>> {
    const first = await this.#send(path, request());
    const isCut = first.kind === 'lost' && first.why === 'cut_off';
    return answerOf(isCut ? await this.#send(path, request()) : first, schema);
  }

  #form(fields: Fields, card: KeyedCard | null, key: string | null): Part {
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      ...(key !== null && { 'idempotency-key': key }),
    };
    return { method: 'POST', headers, body: formOf(fields, card) };
  }

  #send(path: string, { headers, ...part }: Part): Promise<Reply> {
    return this.#wire.send({ ...part, path: `/v1/${path}`, headers: { ...this.#headers, ...headers } });
  }
}

/** The card stands behind the other parameters: its digits are written as bytes and never are text. */
function formOf(fields: Fields, keyed: KeyedCard | null): Buffer {
  if (keyed === null) return formBody(fields);
  const { card, code } = keyed;
  const data = 'payment_method_data';
  return formBody(
    {
      ...fields,
      [`${data}[type]`]: 'card',
      [`${data}[card][exp_month]`]: card.expMonth,
      [`${data}[card][exp_year]`]: card.expYear,
    },
    { [`${data}[card][number]`]: card.number, [`${data}[card][cvc]`]: code },
  );
}

type Part = Omit<WireRequest, 'path' | 'headers'> & Partial<Pick<WireRequest, 'headers'>>;

function answerOf<Value>(reply: Reply, schema: z.ZodType<Value>): Answer<Value> {
  if (reply.kind === 'unreached') return { kind: 'nothing_done' };
  if (reply.kind === 'lost') return { kind: 'unclear', why: reply.why };
  const { status, json } = reply;
  if (status >= 500) return { kind: 'unclear', why: 'server_error' };
  if (status < 300) {
    const read = schema.safeParse(json);
    return read.success ? { kind: 'done', value: read.data } : { kind: 'unclear', why: 'unreadable' };
  }
  const refusal = refusalSchema.safeParse(json);
  if (!refusal.success) return { kind: 'unclear', why: 'unreadable' };
  const { error } = refusal.data;
  // The same request, or another one on the same object, is being done at this moment.
  if (status === 409 || error.code === 'lock_timeout') return { kind: 'unclear', why: 'still_running' };
  return status === 429 ? { kind: 'nothing_done' } : { kind: 'refused', status, error };
}
