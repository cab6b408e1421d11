import { Webhook } from 'standardwebhooks';
import type { Clock } from '../../clock.js';
import { newId } from '../../id.js';
import type { Fault } from './fault.js';
import type { Payment } from './payment.js';

export interface NoticesOptions {
  /** Where they go; null: nowhere. */
  url: string | null;
  /** `whsec_…`, as of https://www.standardwebhooks.com. */
  secret: string;
  clock: Clock;
  mostUnderWay?: number;
}

export type NoticeType = 'payment.updated' | 'refund.updated';

/** A webhook, signed. */
export interface SignedNotice {
  headers: Record<string, string>;
  body: string;
}

/** Pauses before each further attempt, in ms. */
const PAUSES: readonly number[] = [200, 1_000, 5_000, 30_000];
const TIMEOUT_MS = 5_000;
/** Notices under way; beyond it the newest are lost, as webhooks may be. */
export const MAX_UNDER_WAY = 1_000;
const FORGER = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

/** Tells the customer by signed webhooks that something has changed; tries again until it is taken. */
export class Notices {
  url: string | null;
  readonly #secret: string;
  readonly #clock: Clock;
  readonly #mostUnderWay: number;
  #underWay = 0;
  #held: SignedNotice | null = null;
  #closed = false;

  constructor({ url, secret, clock, mostUnderWay = MAX_UNDER_WAY }: NoticesOptions) {
    this.url = url;
    this.#secret = secret;
    this.#clock = clock;
    this.#mostUnderWay = mostUnderWay;
  }

  /** Resolves after the first attempt. */
  async tell(type: NoticeType, payment: Payment, fault: Fault | null): Promise<void> {
    if (fault === 'notice_lost') return;
    const notice = this.sign(type, payment);
    if (fault === 'notices_reversed') {
      this.#held = notice;
      return;
    }
    if (fault === 'notice_forged') await this.#send(this.sign(type, payment, FORGER), PAUSES.length);
    await this.#send(notice, 0);
    if (fault === 'notice_twice') await this.#send(notice, PAUSES.length);
    const held = this.#held;
    this.#held = null;
    if (held !== null) await this.#send(held, 0);
  }

  sign(type: NoticeType, { id, order }: Payment, secret = this.#secret): SignedNotice {
    const now = new Date(this.#clock.now());
    const body = JSON.stringify({
      type,
      timestamp: now.toISOString(),
      data: { payment: id, reference: order.reference },
    });
    const name = newId('msg_');
    return {
      body,
      headers: {
        'content-type': 'application/json',
        'webhook-id': name,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': new Webhook(secret).sign(name, now, body),
      },
    };
  }

  close(): void {
    this.#closed = true;
  }

  async #send(notice: SignedNotice, attempt: number): Promise<void> {
    if (this.url === null || this.#closed || this.#underWay >= this.#mostUnderWay) return;
    this.#underWay++;
    const taken = await post(this.url, notice);
    this.#underWay--;
    const pause = PAUSES[attempt];
    if (!taken && pause !== undefined) {
      this.#clock.after(pause, () => void this.#send(notice, attempt + 1));
    }
  }
}

async function post(url: string, { headers, body }: SignedNotice): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}
