import { describe, expect, it } from '@jest/globals';
import { receiptWrites } from '../../src/call/receipt-plan.js';
import type { Receipts } from '../../src/receipts/receipts.js';
import { NO_RECEIPTS } from '../support/no-receipts.js';

const ID = 'cap_AAAAAAAAAAAAAAAAAAAAAAAAAA';
const CALLER = '+33612345678';
const can = { ...NO_RECEIPTS, can: () => true };

function planned(
  flow: 'none' | 'sms',
  {
    address = CALLER,
    receipts = can,
    ...request
  }: Partial<Parameters<typeof receiptWrites>[2]> & {
    address?: string;
    receipts?: Receipts;
  } = {},
): unknown {
  const call = { flow: { merchant: 'shop', language: 'fr', receipt: flow } as const, caller: { address } };
  const [write, ...more] = receiptWrites(receipts, call, { purpose: 'single', ...request }, ID);
  expect(more).toEqual([]);
  return write === undefined ? null : JSON.parse(write.value);
}

describe('the receipts of a capture', () => {
  const plan = { language: 'fr', registers: false, lastFour: null };

  it('go where the request says', () => {
    const receipt = { email: 'jane@example.com', sms: null };
    expect(planned('none', { receipt })).toEqual({ ...plan, ...receipt });
    expect(planned('sms', { receipt })).toEqual({ ...plan, ...receipt });
  });

  it('go to the caller where the flow says so and the request nothing', () => {
    expect(planned('sms')).toEqual({ ...plan, sms: CALLER, email: null });
    expect(planned('sms', { receipt: null })).toEqual({ ...plan, sms: CALLER, email: null });
    expect(planned('none')).toBeNull();
  });

  it('go to no caller whose number is withheld, or who has none', () => {
    for (const address of ['anonymous', 'sip:jane@example.com', 'client:jane', '']) {
      expect(planned('sms', { address })).toBeNull();
    }
  });

  it('are not sent by a flow that has no way of sending them', () => {
    expect(planned('sms', { receipts: NO_RECEIPTS })).toBeNull();
  });

  it('tell of a card that is kept for later payments', () => {
    expect(planned('sms', { purpose: 'saved' })).toMatchObject({ registers: true });
    expect(planned('sms', { purpose: 'subscription' })).toMatchObject({ registers: true });
    expect(planned('sms', { purpose: 'dispute' })).toMatchObject({ registers: false });
  });

  it('are refused with their capture where they can not be sent', () => {
    const insist = () => {
      throw new Error('set SMTP_URL');
    };
    const receipt = { email: 'jane@example.com', sms: null };
    expect(() => planned('none', { receipts: { ...can, insist }, receipt })).toThrow('set SMTP_URL');
  });
});
