import { Webhook as Signer } from 'standardwebhooks';
import type { Clock } from '../clock.js';
import { codeOf } from '../errors.js';
import type { CrmEvent } from './event.js';

export interface WebhookOptions {
  url: string;
  /** `whsec_…`; every one of them signs, so that a receiver may have either while they are rotated. */
  secrets: readonly string[];
  clock: Clock;
  timeoutMs?: number;
}

/** What came of one attempt. Only 2xx is `delivered`; a redirect is an answer like any other. */
export type Attempt =
  | { outcome: 'delivered'; status: number }
  | { outcome: 'refused'; status: number }
  | { outcome: 'timeout' | 'unreachable' };

const TIMEOUT_MS = 15_000;

/** Sends events to one URL, signed as https://www.standardwebhooks.com says. */
export class Webhook {
  readonly #url: string;
  readonly #signers: readonly Signer[];
  readonly #clock: Clock;
  readonly #timeoutMs: number;

  constructor({ url, secrets, clock, timeoutMs = TIMEOUT_MS }: WebhookOptions) {
    this.#url = url;
    this.#signers = secrets.map((secret) => new Signer(secret));
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** One attempt; `signal` gives it up. What the receiver says beyond its status is neither read nor kept. */
  async send(event: CrmEvent, signal: AbortSignal): Promise<Attempt> {
    const { type, timestamp, livemode, sequence, data } = event;
    const body = JSON.stringify({ type, timestamp, livemode, sequence, data });
    const now = new Date(this.#clock.now());
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    try {
      const answer = await fetch(this.#url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'webhook-id': event.id,
          'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
          'webhook-signature': this.#signers.map((signer) => signer.sign(event.id, now, body)).join(' '),
        },
        body,
        redirect: 'manual',
        signal: AbortSignal.any([signal, timeout]),
      });
      await answer.body?.cancel();
      return { outcome: answer.ok ? 'delivered' : 'refused', status: answer.status };
    } catch (error) {
      return { outcome: codeOf(error) === 'TimeoutError' || timeout.aborted ? 'timeout' : 'unreachable' };
    }
  }
}
