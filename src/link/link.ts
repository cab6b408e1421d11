import type { LinkChannel, LinkStatus, LinkView } from '../capture/view.js';
import { timestamp } from '../clock.js';
import type { MessageState } from '../message/messages.js';
import { shownCode } from './link-code.js';

/** How long a page can be paid on: long enough to find one's glasses, short enough to be the same conversation. */
export const LINK_MINUTES = 30;
/** Messages that a capture may have sent, over all of its links: one wrong number, one other channel, and some. */
export const MAX_SENDINGS = 5;

/** A payment link as it is kept, with its capture. */
export interface LinkRecord {
  id: string;
  status: LinkStatus;
  /** Of what is charged when it is paid. */
  chargeId: string;
  /** Where the short address leads. */
  pageUrl: string;
  /** Where codes are typed; with a code behind it, what is sent. */
  address: string;
  code: string;
  /** Of the last sending. */
  channel: LinkChannel;
  /** Masked; null when it is spoken. */
  to: string | null;
  /** What is known of the last message; null when it is spoken. */
  delivery: MessageState | null;
  /** Messages sent so far, those of links before it too. */
  sendings: number;
  /** Somebody wants it closed: what is unpaid then, is `cancelled`. */
  unwanted: boolean;
  createdAt: number;
  expiresAt: number;
}

/** How far a link has come; what is further back is no news. */
const FURTHER: readonly LinkStatus[] = ['created', 'sent', 'opened', 'authenticated'];

/** Whether it can still be paid, as far as is known here. */
export function isOpen({ status }: Pick<LinkRecord, 'status'>): boolean {
  return FURTHER.includes(status);
}

/** A link that has come so far; null when that is no news. */
export function advanced(link: LinkRecord, status: 'sent' | 'opened' | 'authenticated'): LinkRecord | null {
  if (!isOpen(link) || FURTHER.indexOf(status) <= FURTHER.indexOf(link.status)) return null;
  return { ...link, status };
}

/** Where the payer is on its page, as the provider sees him; null when that is no news. */
export function onPage(link: LinkRecord, step: 'open' | 'authenticated'): LinkRecord | null {
  if (step === 'authenticated') return advanced(link, step);
  // His bank knew him, and then refused his card: he may type another.
  return link.status === 'authenticated' ? { ...link, status: 'opened' } : null;
}

/** What became of the message `sending`; null when that is no news, or of another message. */
export function delivered(link: LinkRecord, sending: number, delivery: MessageState): LinkRecord | null {
  if (sending !== link.sendings || delivery === link.delivery) return null;
  const known = { ...link, delivery };
  const left = delivery === 'sent' || delivery === 'delivered';
  return (left ? advanced(known, 'sent') : null) ?? known;
}

/** A link whose charge has come to its end. */
export function ended(link: LinkRecord, paid: boolean, at: number): LinkRecord {
  if (paid) return { ...link, status: 'paid' };
  if (link.unwanted) return { ...link, status: 'cancelled' };
  return { ...link, status: at >= link.expiresAt ? 'expired' : 'failed' };
}

/** What those who look at its capture see. */
export function linkView(link: LinkRecord, captureId: string): LinkView {
  const { id, status, channel, to, delivery, address, code, createdAt, expiresAt } = link;
  return {
    ...{ id, capture_id: captureId, status, channel, to, delivery, address, code: shownCode(code) },
    ...{ created_at: timestamp(createdAt), expires_at: timestamp(expiresAt) },
  };
}
