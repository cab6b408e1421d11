import type { Language } from '../capture/flow.js';
import type { LinkChannel } from '../capture/view.js';
import { AppError } from '../errors.js';
import { linkWords } from '../link/link-words.js';
import { delivered } from '../link/link.js';
import { isAddress } from '../message/address.js';
import type { Messages, MessageView } from '../message/messages.js';
import { cannot } from '../message/posted-messages.js';
import { withLink, type CaptureRecord } from './events.js';
import type { LinkRequest } from './links.js';
import type { Records } from './records.js';

export interface LinkMessagesOptions {
  messages: Pick<Messages, 'can' | 'send'>;
  records: Pick<Records, 'changeCapture'>;
}

/** How a message that carries a link is known: by its capture, and by which of its sendings it is. */
const KEY = /^link\/(cap_\w+)\/(\d+)$/;

/** The messages that carry payment links. */
export class LinkMessages {
  readonly #options: LinkMessagesOptions;

  constructor(options: LinkMessagesOptions) {
    this.#options = options;
  }

  can(channel: LinkChannel): boolean {
    return channel === 'spoken' || this.#options.messages.can(channel);
  }

  /** Who is written to; null when the link is spoken. Throws AppError `bad_request` where nobody can be. */
  addressOf({ channel, to }: LinkRequest, caller: string): string | null {
    if (channel === 'spoken') {
      if (to !== null) throw wrongTo('is left out where the link is spoken: nothing is sent');
      return null;
    }
    const address = to ?? (channel === 'sms' ? caller : '');
    const what = channel === 'sms' ? 'a telephone number such as +33612345678' : 'a mail address';
    if (!this.can(channel)) throw cannot(channel, 'channel');
    if (isAddress(channel, address)) return address;
    throw wrongTo(`must be ${what}${to === null ? ': the caller has none to be written to' : ''}`);
  }

  /** Sends the link that a capture has now; none that is spoken. */
  async send({ merchant, view, link }: CaptureRecord, to: string | null, language: Language): Promise<void> {
    if (link === undefined || link.channel === 'spoken' || to === null) return;
    if (view.amount === null || view.currency === null) return;
    const { channel } = link;
    const money = { amount: view.amount, currency: view.currency };
    const words = linkWords(`${link.address}/${link.code}`, money, view.reference, language)[channel];
    const key = `link/${view.id}/${link.sendings}`;
    await this.#options.messages.send({ merchant, key, channel, to, ...words, html: null, language });
  }

  /** What became of a message; of another's, nothing. */
  async delivered({ merchant, key, state }: MessageView): Promise<void> {
    const [, id, sending] = KEY.exec(key) ?? [];
    if (id === undefined) return;
    await this.#options.records.changeCapture(merchant, id, (now) => {
      const known = now.link && delivered(now.link, Number(sending), state);
      return known ? { record: withLink(now, known) } : null;
    });
  }
}

function wrongTo(message: string): AppError {
  return new AppError('bad_request', `to ${message}`, { errors: [{ path: 'to', message }] });
}
