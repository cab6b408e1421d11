import { describe, expect, it } from '@jest/globals';
import type { LinkStatus } from '../../src/capture/view.js';
import { newLinkCode, shownCode, typedCode } from '../../src/link/link-code.js';
import { linkWords } from '../../src/link/link-words.js';
import { advanced, delivered, ended, linkView, onPage, type LinkRecord } from '../../src/link/link.js';

const LINK: LinkRecord = {
  ...{
    id: 'lnk_1',
    status: 'created',
    chargeId: 'chg_1',
    pageUrl: 'https://pay.example/p',
    code: '4F7K92QX',
  },
  ...{
    address: 'https://shop.example/l',
    channel: 'sms',
    to: '+336******01',
    delivery: 'queued',
    sendings: 1,
  },
  ...{ unwanted: false, createdAt: 0, expiresAt: 1_800_000 },
};

describe('a payment link', () => {
  it('only goes on: what is further back is no news', () => {
    expect(advanced(LINK, 'sent')?.status).toBe('sent');
    expect(advanced({ ...LINK, status: 'opened' }, 'sent')).toBeNull();
    expect(advanced({ ...LINK, status: 'opened' }, 'opened')).toBeNull();
    for (const status of ['paid', 'failed', 'expired', 'cancelled'] as LinkStatus[]) {
      expect(advanced({ ...LINK, status }, 'authenticated')).toBeNull();
    }
  });

  it('is only opened again when the bank that knew its payer has refused his card', () => {
    expect(onPage(LINK, 'authenticated')?.status).toBe('authenticated');
    expect(onPage({ ...LINK, status: 'authenticated' }, 'authenticated')).toBeNull();
    expect(onPage({ ...LINK, status: 'authenticated' }, 'open')?.status).toBe('opened');
    for (const status of ['created', 'sent', 'opened', 'paid', 'failed'] as LinkStatus[]) {
      expect(onPage({ ...LINK, status }, 'open')).toBeNull();
    }
  });

  it('knows what became of its last message, and of no other', () => {
    expect(delivered(LINK, 1, 'delivered')).toMatchObject({ status: 'sent', delivery: 'delivered' });
    expect(delivered(LINK, 1, 'failed')).toMatchObject({ status: 'created', delivery: 'failed' });
    expect(delivered({ ...LINK, status: 'opened' }, 1, 'delivered')).toMatchObject({ status: 'opened' });
    expect(delivered({ ...LINK, sendings: 2 }, 1, 'failed')).toBeNull();
    expect(delivered(LINK, 1, 'queued')).toBeNull();
  });

  it('ends in one of four ways', () => {
    expect(ended({ ...LINK, unwanted: true }, true, 9_999_999).status).toBe('paid');
    expect(ended({ ...LINK, unwanted: true }, false, 9_999_999).status).toBe('cancelled');
    expect(ended(LINK, false, 1_800_000).status).toBe('expired');
    expect(ended(LINK, false, 1_799_999).status).toBe('failed');
  });

  it('is shown without the page that it leads to', () => {
    expect(linkView(LINK, 'cap_1')).toEqual({
      ...{ id: 'lnk_1', capture_id: 'cap_1', status: 'created', channel: 'sms', to: '+336******01' },
      ...{ delivery: 'queued', address: 'https://shop.example/l', code: '4F7K-92QX' },
      ...{ created_at: '1970-01-01T00:00:00.000Z', expires_at: '1970-01-01T00:30:00.000Z' },
    });
  });
});

describe('the code of a link', () => {
  it('is eight characters that nobody mistakes, a new one each time', () => {
    const codes = Array.from({ length: 1000 }, newLinkCode);
    expect(codes.every((code) => /^[0-9A-HJKMNP-TV-Z]{8}$/.test(code))).toBe(true);
    expect(new Set(codes).size).toBe(1000);
    expect(new Set(codes.join('')).size).toBe(32);
  });

  it('is read however it is typed', () => {
    expect(typedCode(shownCode('4F7K92QX'))).toBe('4F7K92QX');
    expect(typedCode(' 4f7k 92qx ')).toBe('4F7K92QX');
    expect(typedCode('OIl0-ABCD')).toBe('0110ABCD');
    for (const wrong of ['', '4F7K92Q', '4F7K92QXX', '4F7K92QU', 'é'.repeat(8), '-'.repeat(33)]) {
      expect(typedCode(wrong)).toBeNull();
    }
  });
});

describe('the words of a link', () => {
  it('say how much, for what and how long, in the language of the flow and the units of the currency', () => {
    const url = 'https://shop.example/l/4F7K92QX';
    const money = { amount: 125_000, currency: 'EUR' };
    expect(linkWords(url, money, 'A 7', 'fr').sms.text).toBe(
      'Payez 1 250,00 € (A 7) ici : https://shop.example/l/4F7K92QX - valable 30 minutes.',
    );
    expect(linkWords(url, { amount: 1250, currency: 'JPY' }, null, 'en').sms.text).toBe(
      'Pay ¥1,250 here: https://shop.example/l/4F7K92QX - valid for 30 minutes.',
    );
    expect(linkWords(url, { amount: 1250, currency: 'TND' }, null, 'en').email).toEqual({
      subject: 'Your payment of TND 1.250',
      text: expect.stringContaining(url),
    });
  });
});
