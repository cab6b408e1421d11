/** Stable codes of the errors that can reach somebody outside; `http/` gives each its status. */
export type ErrorCode =
  | 'bad_request'
  | 'no_provider'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'call_not_live'
  | 'capture_in_progress'
  | 'capture_over'
  | 'link_not_possible'
  | 'conflict'
  | 'idempotency_in_progress'
  | 'idempotency_mismatch'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'token_spent'
  | 'token_closed'
  | 'charge_not_voidable'
  | 'too_many_charges'
  | 'limit_reached'
  | 'vault_unavailable'
  | 'psp_unavailable'
  | 'psp_misconfigured'
  | 'psp_cannot'
  | 'unsettled'
  | 'redis_unavailable'
  | 'draining'
  | 'not_ready'
  | 'too_many_streams'
  | 'config_invalid'
  | 'carrier_failed'
  | 'internal';

/** One member of a request that is wrong. `path` as in `metadata.order`; the message never repeats the value. */
export interface MemberError {
  path: string;
  message: string;
}

/**
 * A fault with a code. The message says what is wrong and what to do, and never repeats the input. Expected
 * outcomes (a wrong digit, a hang-up, a decline) are values, not errors.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly errors: readonly MemberError[];
  /** Seconds after which trying again makes sense (429, 503). */
  readonly retryAfter: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    details: { errors?: readonly MemberError[]; retryAfter?: number } = {},
  ) {
    super(message);
    this.name = 'AppError';
    this.code = code;
    this.errors = details.errors ?? [];
    this.retryAfter = details.retryAfter;
  }
}

/** The code of an error of Node's or ours, for logs: never its message, which may quote input. */
export function codeOf(error: unknown): string {
  if (typeof error === 'object' && error !== null) {
    const { code, name } = error as { code?: unknown; name?: unknown };
    if (typeof code === 'string') return code;
    if (typeof name === 'string') return name;
  }
  return 'unknown';
}
