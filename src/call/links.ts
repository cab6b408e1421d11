import type { CaptureView, LinkChannel, LinkView } from '../capture/view.js';

export interface LinkRequest {
  channel: LinkChannel;
  /** E.164 or a mail address; null: the number that the caller phones from, for `sms`. */
  to: string | null;
}

/** What a payer finds behind a code. */
export type Opening =
  | { status: 'open'; url: string }
  /** No such code; it can't be paid any more; too many codes were tried. */
  | { status: 'unknown' | 'over' | 'too_many' };

/**
 * Payment links: the way out of a capture whose card can't be charged by telephone. Methods reject with AppError
 * `not_found`, `bad_request`, `link_not_possible`, `limit_reached`, `no_provider`, `psp_unavailable`, `psp_misconfigured`,
 * `redis_unavailable`.
 */
export interface Links {
  /** How a link can be given here; none where there are no pages to pay on. */
  channels(): LinkChannel[];
  /** A new link, by which the payer pays what the capture was for; or the one that is open, sent again. */
  send(merchant: string, captureId: string, request: LinkRequest): Promise<LinkView>;
  /** Nobody shall pay by it any more. Resolves with the capture: `completed` when it had been paid already. */
  cancel(merchant: string, captureId: string): Promise<CaptureView>;
  /** A payer, at this network address, has a code. */
  open(typed: string, address: string): Promise<Opening>;
}
