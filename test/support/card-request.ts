import type { CardSecret } from '../../src/card/card.js';
import { Secret } from '../../src/secret.js';
import type { TokenizeRequest } from '../../src/vault/vault.js';
import { canaryNumber } from './needles.js';

/** A card made up now, for a slot of the merchant `shop`. */
export function cardRequest(bucket: number): TokenizeRequest & { card: CardSecret } {
  const number = Secret.of(canaryNumber());
  return {
    merchant: 'shop',
    bucket,
    card: { brand: 'visa', number, expMonth: 12, expYear: 2034 },
    networks: null,
    network: null,
    purpose: 'saved',
    usage: 'many',
    consent: null,
    channel: 'moto_attended',
    metadata: {},
    stored: null,
    announce: () => ({ events: ['{}'], writes: [] }),
  };
}
