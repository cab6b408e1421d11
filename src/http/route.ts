import type { z } from 'zod';
import type { ApiClient } from '../access/api-keys.js';
import type { Scope } from '../access/scope.js';
import type { ErrorCode } from '../errors.js';

/** A request that has passed every check. */
export interface Exchange<Params = unknown, Query = unknown, Body = unknown> {
  client: ApiClient;
  params: Params;
  query: Query;
  body: Body;
  /** Never empty where the route requires one. */
  idempotencyKey: string;
  /** Of sentences for people. */
  language: 'en' | 'fr';
}

/** One operation of the native API: what it takes, what it answers, and who may ask. Checks and docs both come from it. */
export interface Route {
  readonly method: 'get' | 'post' | 'delete';
  /** As OpenAPI writes it: `/v1/calls/{id}`. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  readonly scope: Scope;
  /** A name that breaks these is `not_found`: nothing is called so. */
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  /** Undefined: none is read. */
  readonly body: z.ZodType | undefined;
  /**
   * Whether `Idempotency-Key` is honoured: for a day by giving the same answer again; where it is `required`, by the
   * handler itself, which knows what has become of the first request since.
   */
  readonly idempotent: boolean | 'required';
  readonly answer: {
    readonly status: 200 | 201 | 204;
    readonly schema: z.ZodType | null;
    readonly description: string;
  };
  /** Errors of its own, beside those that every route has. */
  readonly problems: readonly ErrorCode[];
  handle(exchange: Exchange): Promise<unknown>;
  /** Where what was made can be read. */
  location?(made: unknown): string;
  /** Present: the answer is a stream of server-sent events, `handle`'s view first. */
  readonly stream?: ViewStream;
}

/** How a view is followed. */
export interface ViewStream {
  /** The name of the events. */
  readonly event: string;
  watch(exchange: Exchange, listener: (view: unknown) => void): () => void;
  /** No change can follow: the stream ends. */
  over(view: unknown): boolean;
}

interface Spec<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType, A extends z.ZodType> {
  method: Route['method'];
  path: string;
  summary: string;
  description?: string;
  scope: Scope;
  params: P;
  query: Q;
  body?: B;
  idempotent?: true | 'required';
  answer: { status: 200 | 201 | 204; schema: A | null; description: string };
  problems?: readonly ErrorCode[];
  handle(exchange: Exchange<z.output<P>, z.output<Q>, z.output<B>>): Promise<z.output<A>>;
  location?(made: z.output<A>): string;
  stream?: {
    event: string;
    watch(exchange: Exchange<z.output<P>>, listener: (view: z.output<A>) => void): () => void;
    over(view: z.output<A>): boolean;
  };
}

/** A route whose handler is checked against its own schemas by the compiler. */
export function route<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType, A extends z.ZodType>(
  spec: Spec<P, Q, B, A>,
): Route {
  return { body: undefined, idempotent: false, problems: [], ...spec };
}
