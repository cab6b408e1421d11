import type { Network } from '../../../src/card/networks.js';
import type { AuthorizeRequest, Entry, PaymentName } from '../../../src/psp/psp.js';
import { Secret } from '../../../src/secret.js';

let count = 0;

/** A charge of EUR 12.50 under a reference of its own, of a card that is good, unless otherwise said. */
export function charge(
  change: { card?: string; amount?: number; network?: Network; entry?: Entry } = {},
): AuthorizeRequest {
  return {
    reference: `chg_provider${++count}`,
    instrument: keyed(change.card ?? '4242424242424242'),
    entry: change.entry ?? 'moto',
    stored: false,
    sending: async () => {},
    money: { amount: change.amount ?? 1250, currency: 'EUR' },
    capture: true,
    unattended: false,
    networkTransactionId: null,
    network: change.network ?? null,
    description: null,
  };
}

/** A card as it is keyed; its security code is 123. */
export function keyed(number: string): AuthorizeRequest['instrument'] {
  const secret = (digits: string) => Secret.of(Uint8Array.from(digits, Number));
  const card = { brand: 'visa' as const, number: secret(number), expMonth: 12, expYear: 2034 };
  return { kind: 'card', card, code: secret('123') };
}

export function named(reference: string): PaymentName {
  return { reference, providerReference: null };
}
