import type { Clock } from '../../clock.js';
import { newSid } from './resource.js';

export type ShortMessageStatus = 'queued' | 'sent' | 'delivered' | 'undelivered';

export interface ShortMessage {
  sid: string;
  from: string;
  to: string;
  body: string;
  status: ShortMessageStatus;
  /** Twilio's number of why it was not delivered. */
  errorCode: number | null;
  createdAt: number;
  updatedAt: number;
}

export interface ShortMessagesOptions {
  accountSid: string;
  clock: Clock;
  /** Whether the telephone at a number can be reached. */
  reaches: (to: string) => boolean;
  /** Sends a status callback. */
  call: (url: string, parameters: Readonly<Record<string, string>>) => Promise<void>;
}

/** Messages kept; the oldest go first. */
const MAX_MESSAGES = 200;
/** "Unreachable destination handset". */
const UNREACHABLE = 30_003;

/** The short messages of the account: each goes to its telephone by itself, and its status to who asked for it. */
export class ShortMessages {
  readonly #options: ShortMessagesOptions;
  readonly #bySid = new Map<string, ShortMessage>();
  readonly #watchers = new Set<(message: ShortMessage) => void>();

  constructor(options: ShortMessagesOptions) {
    this.#options = options;
  }

  /** Oldest first. */
  get all(): ShortMessage[] {
    return [...this.#bySid.values()];
  }

  find(sid: string): ShortMessage | undefined {
    return this.#bySid.get(sid);
  }

  /** Calls `told` for each message that reaches its telephone, until the returned function is called. */
  onArrival(told: (message: ShortMessage) => void): () => void {
    this.#watchers.add(told);
    return () => void this.#watchers.delete(told);
  }

  /** `callback`: the URL for its statuses. */
  send(from: string, to: string, body: string, callback: string | null): ShortMessage {
    const now = this.#options.clock.now();
    const message: ShortMessage = {
      ...{ sid: newSid('SM'), from, to, body, status: 'queued', errorCode: null },
      ...{ createdAt: now, updatedAt: now },
    };
    this.#bySid.set(message.sid, message);
    const [oldest] = this.#bySid.keys();
    if (this.#bySid.size > MAX_MESSAGES && oldest !== undefined) this.#bySid.delete(oldest);
    // The answer to the request goes first: the message is queued.
    this.#options.clock.after(0, () => void this.#carry(message, callback));
    return message;
  }

  async #carry(message: ShortMessage, callback: string | null): Promise<void> {
    const { reaches } = this.#options;
    await this.#turn(message, 'sent', callback);
    if (!reaches(message.to)) {
      message.errorCode = UNREACHABLE;
      return this.#turn(message, 'undelivered', callback);
    }
    for (const told of this.#watchers) told(message);
    await this.#turn(message, 'delivered', callback);
  }

  async #turn(message: ShortMessage, status: ShortMessageStatus, callback: string | null): Promise<void> {
    const { clock, call, accountSid } = this.#options;
    message.status = status;
    message.updatedAt = clock.now();
    if (callback === null) return;
    const { sid, from, to, errorCode } = message;
    await call(callback, {
      ...{ AccountSid: accountSid, ApiVersion: '2010-04-01', From: from, To: to },
      ...{ MessageSid: sid, MessageStatus: status, SmsSid: sid, SmsStatus: status },
      ...(errorCode !== null && { ErrorCode: String(errorCode) }),
    });
  }
}
