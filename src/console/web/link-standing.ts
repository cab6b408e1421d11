import type { LinkStatus, LinkView } from '../../capture/view.js';

const OPEN: readonly LinkStatus[] = ['created', 'sent', 'opened', 'authenticated'];

/** Where a link stands for who reads it: one that is read out, or that never arrived, is not on its way. */
export type LinkStanding = LinkStatus | 'spoken' | 'lost';

export function standingOf({ status, channel, delivery }: LinkView): LinkStanding {
  if (status !== 'created' && status !== 'sent') return status;
  if (delivery === 'failed') return 'lost';
  return channel === 'spoken' ? 'spoken' : status;
}

export function isOpenLink(link: LinkView | null): link is LinkView {
  return link !== null && OPEN.includes(link.status);
}
