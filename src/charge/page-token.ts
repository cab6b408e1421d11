import { bucketOf } from '../id.js';
import type { Approved } from '../psp/psp.js';
import type { TokenizeRequest, TokenTerms } from '../vault/vault.js';
import type { ChargeRecord } from './charge.js';

/** Whether the provider is asked to keep a card that is typed on its page: for later charges, to which its payer has agreed. */
export function isKept({ purpose, usage }: TokenTerms): boolean {
  return usage === 'many' && (purpose === 'saved' || purpose === 'subscription');
}

/** Whether the provider was asked to keep the card of this page, and has not. */
export function isMissed({ page }: ChargeRecord, { stored }: Approved): boolean {
  return page !== undefined && isKept(page.token) && stored === null;
}

/**
 * What is asked of the vault for a card that was paid with on a page; null where the provider doesn't show it, and for
 * any other charge. Where the provider doesn't keep it either, its token is spent by this very charge.
 */
export function pageToken(
  { merchant, page, view }: ChargeRecord,
  { card, stored, networks, networkTransactionId }: Approved,
): Omit<TokenizeRequest, 'announce'> | null {
  if (page === undefined || card === null) return null;
  const { id, provider } = view;
  return {
    ...{ merchant, bucket: bucketOf(id) ?? 0, channel: 'ecommerce', ...page.token },
    ...(stored === null && { usage: 'once' }),
    card: { ...card, provider },
    stored: stored === null ? null : { provider, reference: stored },
    // Of what he chose there, if he did, the provider knows.
    ...{ networks, network: null, networkTransactionId },
  };
}
