import type { Router } from 'express';
import type { ShortMessage, ShortMessages } from '../carrier/simulated/short-messages.js';
import { timestamp, type Clock } from '../clock.js';
import { ownPageOnly } from '../console/own-page.js';
import { PageFeeds } from '../console/page-feed.js';
import { AppError } from '../errors.js';
import type { ArrivedMessage } from './arrived-message.js';
import type { CaughtMail, MailCatcher } from './mail-catcher.js';
import type { SandboxStart } from './sandbox-start.js';

export interface PhoneRoutesOptions {
  messages: Pick<ShortMessages, 'all' | 'onArrival'>;
  /** Null where mails go to a server that is none of the sandbox's. */
  mails: Pick<MailCatcher, 'all' | 'find' | 'onArrival'> | null;
  start: Pick<SandboxStart, 'caller'>;
  clock: Clock;
}

/** The HTML of a mail runs nothing, loads nothing, and belongs to no origin; what it links to opens as anywhere. */
const HTML_POLICY = [
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'",
  "frame-ancestors 'none'; sandbox allow-popups allow-popups-to-escape-sandbox",
].join('; ');

/**
 * `GET /phone/messages`: the text messages that the caller's telephone has, every mail that was caught, and each that
 * arrives. `GET /phone/mails/{id}`: a mail's HTML.
 */
export function phoneRoutes(router: Router, { messages, mails, start, clock }: PhoneRoutesOptions): void {
  const feeds = new PageFeeds(clock);
  router.get('/phone/messages', ownPageOnly, (_request, response) => {
    const tell = (message: ArrivedMessage): void => page.put('message', message.id, message);
    const tellShort = (message: ShortMessage): void => {
      if (message.to === start.caller) tell(ofShortMessage(message));
    };
    const tellMail = (mail: CaughtMail): void => tell(ofMail(mail));
    let stops: (() => void)[] = [];
    const page = feeds.open(response, () => stops.forEach((stop) => stop()));
    stops = [messages.onArrival(tellShort), ...(mails === null ? [] : [mails.onArrival(tellMail)])];
    for (const message of messages.all) if (message.status === 'delivered') tellShort(message);
    for (const mail of mails?.all ?? []) tellMail(mail);
  });
  router.get('/phone/mails/:id', ownPageOnly, (request, response) => {
    const { id = '' } = request.params as { id?: string };
    const html = mails?.find(id)?.html ?? null;
    if (html === null) throw new AppError('not_found', 'no mail with HTML has such an id');
    response
      .set({ 'content-security-policy': HTML_POLICY, 'x-content-type-options': 'nosniff' })
      .set({ 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' })
      .type('html')
      .send(html);
  });
}

function ofShortMessage({ sid, from, to, body, createdAt }: ShortMessage): ArrivedMessage {
  const arrived_at = timestamp(createdAt);
  return { id: sid, channel: 'sms', from, to, subject: null, text: body, html_url: null, arrived_at };
}

function ofMail({ id, from, to, subject, text, html, arrivedAt }: CaughtMail): ArrivedMessage {
  const html_url = html === null ? null : `phone/mails/${id}`;
  return { id, channel: 'email', from, to, subject, text, html_url, arrived_at: timestamp(arrivedAt) };
}
