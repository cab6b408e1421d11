import { z } from 'zod';
import { LANGUAGES } from '../capture/flow.js';
import type { CrmEvent, EventType, Outbox } from '../crm/event.js';
import { AppError, codeOf } from '../errors.js';
import { bucketOf, derivedId } from '../id.js';
import type { Logger } from '../log.js';
import { isAddress } from '../message/address.js';
import {
  MESSAGE_CHANNELS,
  type MessageChannel,
  type Messages,
  type MessageView,
} from '../message/messages.js';
import { cannot } from '../message/posted-messages.js';
import { receiptKey, slotOf, type SlotWrite } from '../redis/keys.js';
import type { Redis } from '../redis/redis.js';
import type { ReceiptTexts } from './receipt-texts.js';
import type { ReceiptAddresses, ReceiptKind, ReceiptPlan, Receipts, ReceiptView } from './receipts.js';
import { receiptSubject, type ReceiptSubject } from './receipt-subject.js';

export interface ReceiptDeskOptions {
  redis: Redis;
  messages: Messages;
  texts: ReceiptTexts;
  outbox: Pick<Outbox, 'write'>;
  /** The last four digits of the card that was keyed in a capture; null when it isn't known. */
  lastFourOf: (merchant: string, captureId: string) => Promise<string | null>;
  live: boolean;
  log: Logger;
}

/** As long as the charge that it goes with can be refunded. */
const KEEP_SECONDS = 400 * 86_400;

const address = z.string().nullable();
const planSchema = z.object({
  ...{ email: address, sms: address, language: z.enum(LANGUAGES), registers: z.boolean() },
  lastFour: z.string().nullable(),
}) satisfies z.ZodType<ReceiptPlan>;

const KINDS: Readonly<Record<string, ReceiptKind>> = { chg: 'charge', rfd: 'refund', cap: 'registration' };

/**
 * Writes receipts of what the events of charges and captures tell. An event is durable with what it tells of, and told
 * until it has been taken, and a message of the same key is sent once: so no receipt is lost, and none comes twice.
 */
export class ReceiptDesk implements Receipts {
  readonly #options: ReceiptDeskOptions;

  constructor(options: ReceiptDeskOptions) {
    this.#options = options;
    options.messages.watch((message) => this.#tell(message));
  }

  can(merchant: string, channel: MessageChannel): boolean {
    const { messages, texts } = this.#options;
    return messages.can(channel) && texts.knows(merchant);
  }

  insist(merchant: string, addresses: ReceiptAddresses): void {
    const { messages, texts } = this.#options;
    for (const channel of MESSAGE_CHANNELS) {
      const path = `receipt.${channel}`;
      const to = addresses[channel];
      if (to === null) continue;
      if (!messages.can(channel)) throw cannot(channel, path);
      if (!isAddress(channel, to)) throw wrong(path, 'is no address that can be written to');
      if (!texts.knows(merchant)) {
        throw wrong(path, `can't be sent: ${merchant} is not in ivr-flows/receipts/merchants.yaml`);
      }
    }
  }

  planned(merchant: string, id: string, plan: ReceiptPlan): SlotWrite {
    const key = receiptKey(slotOf(merchant, id), id);
    return { key, value: JSON.stringify(plan), ttlSeconds: KEEP_SECONDS };
  }

  async list(merchant: string, about: string): Promise<ReceiptView[]> {
    const { messages } = this.#options;
    const found = await Promise.all(
      MESSAGE_CHANNELS.map((channel) => messages.find(merchant, keyOf(about, channel))),
    );
    return found.filter((message) => message !== null).map(viewOf);
  }

  /** Sends what is to be sent of an event. Rejects with AppError `redis_unavailable`: it is to be told again. */
  async follow(event: CrmEvent): Promise<void> {
    const subject = this.#subjectOf(event);
    const plan = subject === null ? null : await this.#planOf(event.merchant, subject.plannedAt);
    if (subject === null || plan === null || (subject.kind === 'registration' && !plan.registers)) return;
    const lastFour = plan.lastFour ?? (await this.#lastFourOf(event.merchant, subject));
    for (const channel of MESSAGE_CHANNELS) {
      const to = plan[channel];
      if (to !== null) await this.#send(event.merchant, subject, { ...plan, lastFour }, channel, to);
    }
  }

  #subjectOf(event: CrmEvent): ReceiptSubject | null {
    try {
      return receiptSubject(event);
    } catch (error) {
      const { id, type } = event;
      this.#options.log.error(
        { event: id, event_type: type, code: codeOf(error) },
        'a receipt could not be written',
      );
      return null;
    }
  }

  async #send(
    merchant: string,
    { kind, about, money, at, reference }: ReceiptSubject,
    { language, lastFour }: ReceiptPlan,
    channel: MessageChannel,
    to: string,
  ): Promise<void> {
    const { messages, texts, log } = this.#options;
    const text = texts.write(kind, merchant, language, { money, at, reference, lastFour });
    try {
      if (text === null) throw wrong('merchant', 'is not in merchants.yaml any more');
      const mail = channel === 'email';
      await messages.send({
        ...{ merchant, key: keyOf(about, channel), channel, to, language },
        ...{ subject: mail ? text.subject : null, text: mail ? text.mail : text.sms },
        html: mail ? text.html : null,
      });
    } catch (error) {
      // What can't be sent now can't be sent later either: other events wait behind this one.
      if (codeOf(error) !== 'bad_request') throw error;
      log.error({ detail: about, reason: channel }, 'a receipt could not be written');
    }
  }

  /** Tells the merchant, once for each thing that can become of a receipt, however often it is heard. */
  async #tell(message: MessageView): Promise<void> {
    if (!message.key.startsWith(KEY)) return;
    const { outbox, live } = this.#options;
    const { merchant, key, updated_at } = message;
    const type: EventType = message.state === 'failed' ? 'receipt.failed' : 'receipt.sent';
    const receipt = viewOf(message);
    const bucket = bucketOf(receipt.about) ?? 0;
    const event: CrmEvent = {
      id: derivedId('evt_', `${merchant} ${key} ${type} ${message.reason ?? ''}`),
      ...{ merchant, type, timestamp: updated_at, livemode: live, sequence: sequenceOf(message) },
      data: { ...receipt },
    };
    await outbox.write({ event, bucket, writes: [] });
  }

  async #planOf(merchant: string, id: string): Promise<ReceiptPlan | null> {
    const text = await this.#options.redis.command('GET', receiptKey(slotOf(merchant, id), id));
    return typeof text === 'string' ? planSchema.parse(JSON.parse(text)) : null;
  }

  async #lastFourOf(merchant: string, { lastFour, captureId }: ReceiptSubject): Promise<string | null> {
    if (lastFour !== null || captureId === null) return lastFour;
    return this.#options.lastFourOf(merchant, captureId);
  }
}

const KEY = 'receipt ';

function keyOf(about: string, channel: MessageChannel): string {
  return `${KEY}${about} ${channel}`;
}

function viewOf({ key, channel, to, state, reason, updated_at }: MessageView): ReceiptView {
  const about = key.split(' ')[1] ?? '';
  const kind = KINDS[about.split('_')[0] ?? ''] ?? 'charge';
  return { kind, about, channel, to, state, reason, updated_at };
}

/** Given up or in doubt, then sent, then lost on the way: nothing leads back. */
function sequenceOf({ state, reason }: MessageView): number {
  if (state !== 'failed') return 2;
  return reason === 'undelivered' ? 3 : 1;
}

function wrong(path: string, message: string): AppError {
  return new AppError('bad_request', `${path} ${message}`, { errors: [{ path, message }] });
}
