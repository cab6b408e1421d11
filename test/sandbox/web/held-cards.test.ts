import { describe, expect, it } from '@jest/globals';
import type { ChargeView } from '../../../src/capture/view.js';
import type { ReceivedEvent } from '../../../src/sandbox/received-event.js';
import { heldCards } from '../../../src/sandbox/web/held-cards.js';

const CARD = { brand: 'visa', last4: '4242' };

function charge(change: Partial<ChargeView>): ChargeView {
  return {
    ...{ id: 'chg_1', status: 'approved', token: 'tnw_1', amount: 1250, currency: 'EUR', reference: null },
    ...{ refunded: 0, provider: 'simulated', provider_reference: 'pay_1', decline: null },
    ...{ created_at: '2026-01-01T00:00:00.000Z', ...change },
  };
}

function event(type: string, sequence: number, data: object, verdict = 'verified'): ReceivedEvent {
  const id = `evt_${type}_${sequence}`;
  const told = { id, type, sequence, body: { type, sequence, data } };
  return { ...told, verdict: verdict as 'verified', received_at: '', deliveries: 1 };
}

const completed = (token: string, charged: ChargeView | null = null, reference: string | null = null) =>
  event('capture.completed', 3, { token, card: CARD, reference, charge: charged });

describe('the cards that a CRM holds', () => {
  it('come with the capture that was completed, the newest first', () => {
    const cards = heldCards([
      completed('tnw_1', null, 'order 1'),
      completed('tnw_2', charge({ token: 'tnw_2' })),
    ]);
    expect(cards).toEqual([
      { id: 'tnw_2', token: 'tnw_2', card: CARD, reference: null, charges: [charge({ token: 'tnw_2' })] },
      { id: 'tnw_1', token: 'tnw_1', card: CARD, reference: 'order 1', charges: [] },
    ]);
  });

  it('show of each charge what was told last, in whatever order it came', () => {
    const events = [
      event('refund.succeeded', 2, charge({ refunded: 300 })),
      event('charge.approved', 1, charge({})),
      event('charge.declined', 1, charge({ id: 'chg_2', status: 'declined' })),
      completed('tnw_1', charge({})),
    ];
    expect(heldCards(events)).toEqual([
      {
        ...{ id: 'tnw_1', token: 'tnw_1' },
        card: CARD,
        reference: null,
        charges: [charge({ refunded: 300 }), charge({ id: 'chg_2', status: 'declined' })],
      },
    ]);
  });

  it('are there without their capture, once its event is forgotten', () => {
    expect(heldCards([event('charge.approved', 1, charge({}))])).toEqual([
      { id: 'tnw_1', token: 'tnw_1', card: null, reference: null, charges: [charge({})] },
    ]);
  });

  it('have no token when they were typed on the provider’s page: their charge can be given back', () => {
    const paid = charge({ token: null, reference: 'order 2' });
    const data = { token: null, card: null, reference: 'order 2', charge: paid };
    const held = { id: 'chg_1', token: null, card: null, reference: 'order 2', charges: [paid] };
    expect(heldCards([event('capture.completed', 3, data)])).toEqual([held]);
    expect(heldCards([event('charge.approved', 1, paid)])).toEqual([held]);
  });

  it('never come from an event that is not signed, nor from a capture without a token', () => {
    const failed = event('capture.failed', 3, { token: null, charge: charge({ token: null }) });
    const refused = event('charge.declined', 1, charge({ token: null, status: 'declined' }));
    const forged = event('capture.completed', 3, { token: 'tnw_9', card: CARD }, 'wrong-signature');
    expect(heldCards([failed, refused, forged])).toEqual([]);
  });
});
