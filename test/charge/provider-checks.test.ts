import { expect, it } from '@jest/globals';
import { checkProvider, type ProviderFacts } from '../../src/charge/provider-checks.js';
import { ABILITIES, type Ability } from '../../src/psp/psp.js';

/** Lines of the log, of a provider that has no other abilities. */
function linesOf(abilities: readonly Ability[], facts: Partial<ProviderFacts>): unknown[] {
  const lines: unknown[] = [];
  const write = (fields: object, message: string) => void lines.push({ ...fields, message });
  const log = { debug: write, info: write, warn: write, error: write };
  const provider = { name: 'ledger', abilities: new Set(abilities) };
  checkProvider(provider, { storeCards: true, missingWebhookSetting: null, log, ...facts });
  return lines;
}

it('says what a provider can not do', () => {
  expect(linesOf(['raw_card', 'verify', 'void', 'tokenize', 'hosted_page'], {})).toEqual([
    {
      ...{ status: 'ledger', detail: 'authorize_only, partial_refund, choose_network' },
      message: 'what the payment provider can not do',
    },
  ]);
  expect(linesOf(ABILITIES, {})).toMatchObject([{ detail: 'nothing' }]);
});

it('warns where no webhook is believed', () => {
  expect(linesOf(ABILITIES, { missingWebhookSetting: 'STRIPE_WEBHOOK_SECRET' })).toMatchObject([
    {},
    {
      setting: 'STRIPE_WEBHOOK_SECRET',
      message:
        'no webhook of the payment provider is believed: what became of a payment is known by look-ups alone, later',
    },
  ]);
});

it('refuses to leave the cards to a provider that keeps none', () => {
  expect(() => linesOf(['raw_card'], { storeCards: false })).toThrow(
    "STORE_CARDS can't be false with PSP=ledger, which keeps no cards",
  );
});
