import { z } from 'zod';
import { AppError, type ErrorCode, type MemberError } from '../errors.js';
import type { Answer } from './answer.js';

interface ProblemKind {
  status: number;
  title: string;
  /** Seconds, where the error itself names none. */
  retryAfter?: number;
  /** Our fault: the message is for the log, not for the outside. */
  hidden?: true;
}

/** Every error that can reach a client, with its status. */
export const PROBLEMS: Readonly<Record<ErrorCode, ProblemKind>> = {
  bad_request: { status: 400, title: 'The request is not right' },
  no_provider: { status: 400, title: 'No payment provider is set up' },
  unauthorized: { status: 401, title: 'An API key is needed' },
  forbidden: { status: 403, title: 'The API key lacks a scope' },
  not_found: { status: 404, title: 'There is no such thing' },
  method_not_allowed: { status: 405, title: 'Not with this method' },
  call_not_live: { status: 409, title: 'The call is not live' },
  capture_in_progress: { status: 409, title: 'The call has a capture already' },
  capture_over: { status: 409, title: 'The capture is over' },
  link_not_possible: { status: 409, title: 'The capture can not be paid by a link' },
  conflict: { status: 409, title: 'Somebody else changed it at the same moment', retryAfter: 1 },
  token_spent: { status: 409, title: 'The token has been spent' },
  token_closed: { status: 409, title: 'The token may not be charged any more' },
  charge_not_voidable: { status: 409, title: 'The charge can not be voided' },
  idempotency_in_progress: { status: 409, title: 'The same request is still running', retryAfter: 1 },
  payload_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body must be JSON' },
  idempotency_mismatch: { status: 422, title: 'The idempotency key was used with another body' },
  too_many_charges: { status: 429, title: 'The token was charged too often', retryAfter: 60 },
  limit_reached: { status: 429, title: 'Too many cards are being tried', retryAfter: 60 },
  internal: { status: 500, title: 'Something went wrong here', hidden: true },
  config_invalid: { status: 500, title: 'Something went wrong here', hidden: true },
  psp_cannot: { status: 400, title: 'The payment provider can not do that' },
  psp_misconfigured: { status: 502, title: 'The account with the payment provider lacks something' },
  carrier_failed: { status: 502, title: 'The carrier did not do it' },
  vault_unavailable: { status: 503, title: 'The vault is away', retryAfter: 2 },
  psp_unavailable: { status: 503, title: 'The payment provider is away', retryAfter: 5 },
  unsettled: { status: 503, title: 'It is not known yet', retryAfter: 5 },
  redis_unavailable: { status: 503, title: 'Redis is away', retryAfter: 2 },
  draining: { status: 503, title: 'The service is about to stop', retryAfter: 5 },
  not_ready: { status: 503, title: 'Not ready', retryAfter: 2 },
  too_many_streams: { status: 503, title: 'Too many event streams are open', retryAfter: 5 },
};

export const problemSchema = z
  .object({
    type: z.string().describe('Where the code is explained, relative to this service.'),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('What is wrong and what to do. Never repeats the input.'),
    code: z.enum(Object.keys(PROBLEMS) as [ErrorCode, ...ErrorCode[]]).describe('Stable: switch on it.'),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .describe('Each member that is wrong, by its path, such as `metadata.order`.'),
  })
  .describe('What every error looks like (RFC 9457).');

export type Problem = z.infer<typeof problemSchema>;

/** The problem that `error` is to the outside; anything that is no AppError is `internal`. */
export function problemOf(error: unknown): Problem {
  const fault = appErrorOf(error);
  const { status, title, hidden } = PROBLEMS[fault.code];
  const errors: readonly MemberError[] = hidden ? [] : fault.errors;
  return {
    type: `/docs#${fault.code}`,
    title,
    status,
    detail: hidden ? 'try again; the log of the service says more' : fault.message,
    code: fault.code,
    ...(errors.length > 0 && { errors: errors.map(({ path, message }) => ({ path, message })) }),
  };
}

/** `error` as an answer, with the headers that its code asks for. */
export function problemAnswer(error: unknown): Answer {
  const problem = problemOf(error);
  const headers: Record<string, string> = { 'content-type': 'application/problem+json' };
  const retryAfter = appErrorOf(error).retryAfter ?? PROBLEMS[problem.code].retryAfter;
  if (retryAfter !== undefined) headers['retry-after'] = String(Math.max(1, Math.ceil(retryAfter)));
  if (problem.code === 'unauthorized') headers['www-authenticate'] = 'Bearer realm="tonewall"';
  if (problem.code === 'forbidden') headers['www-authenticate'] = 'Bearer error="insufficient_scope"';
  return { status: problem.status, headers, text: JSON.stringify(problem) };
}

function appErrorOf(error: unknown): AppError {
  if (error instanceof AppError) return error;
  // Express reports a path that can't be decoded as an error with a status: nothing has such a name.
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined;
  return status === 400
    ? new AppError('not_found', 'nothing is here; /docs lists what is')
    : new AppError('internal', 'unexpected');
}
