import type { Router } from 'express';
import type { ShortMessage, ShortMessages } from '../carrier/simulated/short-messages.js';
import { timestamp, type Clock } from '../clock.js';
import { ownPageOnly } from '../console/own-page.js';
import { PageFeeds, type PageFeed } from '../console/page-feed.js';
import type { ArrivedMessage } from './arrived-message.js';
import type { SandboxStart } from './sandbox-start.js';

export interface MessageStreamOptions {
  messages: Pick<ShortMessages, 'all' | 'onArrival'>;
  start: Pick<SandboxStart, 'caller'>;
  clock: Clock;
}

/** `GET /phone/messages`: the short messages that the caller's telephone has, and each one that arrives. */
export function messageStream(router: Router, { messages, start, clock }: MessageStreamOptions): void {
  const feeds = new PageFeeds(clock);
  const tell = (page: PageFeed, message: ShortMessage): void => {
    if (message.to === start.caller) page.put('message', message.sid, shown(message));
  };
  router.get('/phone/messages', ownPageOnly, (_request, response) => {
    let stop = (): void => {};
    const page = feeds.open(response, () => stop());
    stop = messages.onArrival((message) => tell(page, message));
    for (const message of messages.all) if (message.status === 'delivered') tell(page, message);
  });
}

function shown({ sid, from, body, createdAt }: ShortMessage): ArrivedMessage {
  return { id: sid, from, text: body, arrived_at: timestamp(createdAt) };
}
