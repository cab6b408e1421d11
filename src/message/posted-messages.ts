import type { Job } from 'bullmq';
import { holdsCardNumber } from '../card/card-like.js';
import type { Clock } from '../clock.js';
import { AppError } from '../errors.js';
import type { Logger } from '../log.js';
import type { Metrics } from '../metrics.js';
import { JobQueue } from '../redis/job-queue.js';
import type { RedisAddress } from '../redis/redis-address.js';
import type { Redis } from '../redis/redis.js';
import { isAddress } from './address.js';
import { messageId, MessageStore, type Kept, type Stage } from './message-store.js';
import type {
  Message,
  MessageChannel,
  MessageFault,
  MessageReport,
  Messages,
  MessageView,
  MessageWay,
} from './messages.js';

export interface PostedMessagesOptions {
  redis: Redis;
  /** For BullMQ's own connections. */
  address: RedisAddress;
  /** A channel that has none can't be written to. */
  ways: Readonly<Partial<Record<MessageChannel, MessageWay>>>;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
}

/** What to set so that a channel can be written to. */
const SETTING: Readonly<Record<MessageChannel, string>> = { sms: 'SMS_FROM', email: 'SMTP_URL' };

/** The carrier's limit for a short message in several parts. */
const MAX_SMS_CHARACTERS = 1_600;
const MAX_MAIL_CHARACTERS = 64 * 1024;
const MAX_SUBJECT_CHARACTERS = 200;

const NAME = 'messages';
const CONCURRENCY = 8;
/** A letter that is being handed over at the end is waited for: cut off it would be `unconfirmed`. */
const CLOSE_MS = 5_000;

/** Pauses before each further attempt, in seconds: the last one after about a day. */
const PAUSES_S = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 21_600, 36_000] as const;

/** In which stages a report of the carrier is news. It may be faster than the answer that the letter was taken. */
const NEWS: Readonly<Record<MessageReport, { from: readonly Stage[]; reason: MessageFault | null }>> = {
  sent: { from: ['sending'], reason: null },
  delivered: { from: ['sending', 'sent'], reason: null },
  failed: { from: ['sending', 'sent'], reason: 'undelivered' },
};

/**
 * Messages in BullMQ, which holds nothing of one but its id. A letter is handed over at most once: what a process left
 * while it was at it is `unconfirmed`, and only what was certainly not taken is tried again.
 */
export class PostedMessages implements Messages {
  readonly #options: PostedMessagesOptions;
  readonly #store: MessageStore;
  readonly #queue: JobQueue<Record<string, never>>;
  readonly #watchers: ((message: MessageView) => Promise<void>)[] = [];

  constructor(options: PostedMessagesOptions) {
    this.#options = options;
    this.#store = new MessageStore(options.redis, options.clock);
    this.#queue = new JobQueue(NAME, PAUSES_S.length + 1, options.address);
  }

  can(channel: MessageChannel): boolean {
    return this.#options.ways[channel] !== undefined;
  }

  async send(message: Message): Promise<MessageView> {
    this.#insistOnSense(message);
    const { view } = await this.#store.open(message);
    if (view.state === 'queued') await this.#enqueue(messageId(message.merchant, message.key));
    return view;
  }

  async find(merchant: string, key: string): Promise<MessageView | null> {
    return (await this.#store.find(messageId(merchant, key)))?.view ?? null;
  }

  watch(told: (message: MessageView) => Promise<void>): void {
    this.#watchers.push(told);
  }

  /** The carrier's word on a short message; a rejection asks for it again. */
  async reported(id: string, report: MessageReport): Promise<void> {
    const { from, reason } = NEWS[report];
    if (await this.#store.correct(id, from, report, reason)) await this.#tell(await this.#store.find(id));
  }

  /** Starts sending; `pause` is the time to wait after the nth attempt. */
  start(pause: (failed: number) => number = pauseMs): void {
    this.#queue.start({ attempt: (job) => this.#work(job), concurrency: CONCURRENCY, pause });
  }

  close(): Promise<void> {
    return this.#queue.close(CLOSE_MS);
  }

  async #enqueue(id: string): Promise<void> {
    await this.#queue.add(id, {}, true);
  }

  /** Each step can be done again: a job comes back when its process died, or Redis was away. */
  async #work(job: Job): Promise<void> {
    const id = job.id ?? '';
    const kept = await this.#store.find(id);
    if (kept?.stage === 'queued') await this.#hand(id, kept.view, job);
    if (kept?.stage === 'sending') await this.#store.turn(id, ['sending'], 'failed', 'unconfirmed');
    await this.#tell(await this.#store.find(id));
  }

  async #hand(id: string, { channel }: MessageView, job: Job): Promise<void> {
    const way = this.#options.ways[channel];
    const letter = await this.#store.letter(id);
    if (letter === null) return;
    const handover =
      way === undefined || !(await this.#store.turn(id, ['queued'], 'sending'))
        ? ({ status: 'later' } as const)
        : await way.hand(letter);
    switch (handover.status) {
      case 'taken':
        return void (await this.#store.turn(id, ['sending'], 'sent'));
      case 'refused':
        return void (await this.#store.turn(id, ['sending'], 'failed', handover.reason));
      case 'unsure':
        return void (await this.#store.turn(id, ['sending'], 'failed', 'unconfirmed'));
      case 'later':
        await this.#store.turn(id, ['sending'], 'queued');
        // BullMQ keeps the message with the job, and comes back.
        if (job.attemptsMade < PAUSES_S.length) throw new Error('not taken');
        await this.#store.turn(id, ['queued'], 'failed', 'unreachable');
    }
  }

  /** At least once for each state that stays: a watcher that fails is told again with the job. */
  async #tell(kept: Kept | null): Promise<void> {
    if (kept === null || kept.view.state === 'queued') return;
    const { log, metrics } = this.#options;
    const { key, channel, state, reason } = kept.view;
    metrics.messages.inc({ channel, state });
    if (state === 'failed') log.warn({ detail: key, reason }, 'a message did not arrive');
    else log.debug({ detail: key, status: state }, 'message');
    for (const told of this.#watchers) await told(kept.view);
  }

  #insistOnSense({ channel, to, subject, text, html }: Message): void {
    if (!this.can(channel)) throw cannot(channel);
    const most = channel === 'sms' ? MAX_SMS_CHARACTERS : MAX_MAIL_CHARACTERS;
    if (!isAddress(channel, to)) throw wrong('to', 'is no address that can be written to');
    if (subject !== null && (subject.length > MAX_SUBJECT_CHARACTERS || /\p{Cc}/u.test(subject))) {
      throw wrong('subject', `must be one line of at most ${MAX_SUBJECT_CHARACTERS} characters`);
    }
    if (text.length > most || (html?.length ?? 0) > MAX_MAIL_CHARACTERS) throw wrong('text', 'is too long');
    if ([subject, text, html].some((part) => part !== null && holdsCardNumber(part))) {
      throw wrong('text', 'holds what looks like a card number: that is never sent');
    }
  }
}

/** What is said where something is to be sent and can't be. */
export function cannot(channel: MessageChannel, path: string = channel): AppError {
  return wrong(path, `can't be sent: set ${SETTING[channel]}`);
}

function wrong(path: string, message: string): AppError {
  return new AppError('bad_request', `${path} ${message}`, { errors: [{ path, message }] });
}

/** The pause after the nth failed attempt, n from 1. */
export function pauseMs(failed: number): number {
  return (PAUSES_S[Math.min(failed, PAUSES_S.length) - 1] ?? PAUSES_S[0]) * 1000;
}
