import { cp, mkdtemp, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AppError } from '../../src/errors.js';
import { loadReceiptTexts, ReceiptTexts } from '../../src/receipts/receipt-texts.js';

const SHIPPED = 'ivr-flows/receipts';
const FACTS = {
  money: { amount: 1250, currency: 'EUR' },
  at: Date.parse('2026-11-22T10:05:00Z'),
  ...{ reference: 'order-77', lastFour: '4242' },
};

describe('the receipts that come with the service', () => {
  it('name somebody who is nobody, which can be seen as long as a part of it is left', async () => {
    expect((await loadReceiptTexts(SHIPPED)).examples).toEqual([
      "ivr-flows/receipts/merchants.yaml: default still has the example's name or contact, and payers would read it: " +
        'put your own there, or send nothing (no SMS_FROM, no SMTP_URL)',
    ]);
    const named = { name: 'Chez Jeanne', time_zone: 'Europe/Paris', contact: '+33 1 99 00 00 01' };
    const examples = (merchants: Record<string, typeof named>) =>
      new ReceiptTexts(new Map(), new Map(Object.entries(merchants))).examples.length;
    expect(examples({ shop: named })).toBe(0);
    expect(examples({ shop: { ...named, name: 'Example Shop' }, other: named })).toBe(1);
    expect(examples({ shop: { ...named, contact: '+33 1 23 45 67 89, care@shop.example' } })).toBe(1);
  });

  it('say what was paid, when, to whom, with what, and whom to ask', async () => {
    const texts = await loadReceiptTexts(SHIPPED);
    expect(texts.write('charge', 'default', 'en', FACTS)).toMatchObject({
      sms:
        'Example Shop: you paid €12.50 on 22 November 2026 at 11:05 CET, card ending in 4242. ' +
        'Reference: order-77. Questions or complaints: +33 1 23 45 67 89, care@shop.example',
      subject: 'Your payment of €12.50 to Example Shop',
    });
    for (const kind of ['charge', 'refund', 'registration'] as const) {
      for (const language of ['en', 'fr'] as const) {
        const written = texts.write(kind, 'default', language, FACTS);
        for (const text of [written?.sms, written?.mail, written?.html]) {
          const amount = language === 'en' ? '€12.50' : '12,50 €';
          for (const part of ['Example Shop', '11:05', '2026', 'order-77', '4242', 'care@shop.example']) {
            // A card that is kept stands in the first sentence; the rows are about the agreement.
            expect(text).toContain(part);
          }
          expect(text?.includes(amount)).toBe(kind !== 'registration');
          expect(text).not.toContain('{{');
        }
        expect(written?.sms.length).toBeLessThan(320);
      }
    }
  });

  it('are sent by the merchants that are known', async () => {
    const texts = await loadReceiptTexts(SHIPPED);
    expect([texts.knows('default'), texts.knows('another')]).toEqual([true, false]);
    expect(texts.write('charge', 'another', 'en', FACTS)).toBeNull();
  });

  it('escape what others wrote', async () => {
    const texts = await loadReceiptTexts(SHIPPED);
    const written = texts.write('charge', 'default', 'fr', {
      ...FACTS,
      reference: '<b>{{amount}}</b>\r\nBcc: x',
    });
    expect(written?.html).toContain('&lt;b&gt;{{amount}}&lt;/b&gt; Bcc: x');
    expect(written?.sms).toContain('<b>{{amount}}</b> Bcc: x');
  });
});

describe('a folder of receipts', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'tw-receipts-'));
    await cp(SHIPPED, dir, { recursive: true });
  });
  afterEach(() => rm(dir, { recursive: true }));

  const faults = (): Promise<string[]> =>
    loadReceiptTexts(dir).then(
      () => [],
      (error: AppError) => error.message.replaceAll(`${dir}/`, '').split('\n'),
    );

  it.each([
    ['en/charge.sms.txt', 'x\n{{amont}}', 'en/charge.sms.txt:2:1: no such placeholder; known here: amount, '],
    ['fr/refund.mail.html', '{{amount}', 'fr/refund.mail.html:1:1: braces without their other half'],
    [
      'en/registration.sms.txt',
      '{{amount}}',
      'en/registration.sms.txt:1:1: no such placeholder; known here: merchant',
    ],
    ['en/charge.mail.txt', 'Hello', "en/charge.mail.txt:1:1: must begin with 'Subject: ' and an empty line"],
    ['en/charge.mail.txt', 'Subject: a\n\nb\n{{x}}', 'en/charge.mail.txt:4:1: no such placeholder'],
    ['en/charge.mail.txt', 'Subject: {{x}}\n\nb', 'en/charge.mail.txt:1:10: no such placeholder'],
    [
      'merchants.yaml',
      'default:\n  name: A\n  contact: B\n',
      'merchants.yaml:1:1: default.time_zone: is missing',
    ],
    [
      'merchants.yaml',
      'default: {name: A, contact: B, time_zone: Mars/Base}\n',
      'merchants.yaml:1:32: default.time_zone: is no time zone',
    ],
    ['fr/charge.sms.txt', 'x'.repeat(70_000), 'fr/charge.sms.txt: is larger than 64 KiB'],
  ])('is refused where %s is wrong', async (name, text, fault) => {
    await writeFile(path.join(dir, name), text);
    expect(await faults()).toEqual([expect.stringContaining(fault)]);
  });

  it('is refused where a file is missing, or a link leads out of it', async () => {
    await unlink(path.join(dir, 'en/refund.sms.txt'));
    await unlink(path.join(dir, 'fr/refund.sms.txt'));
    await symlink('/etc/hostname', path.join(dir, 'fr/refund.sms.txt'));
    expect(await faults()).toEqual([
      "en/refund.sms.txt: can't be read (ENOENT)",
      'fr/refund.sms.txt: is a link that leads out of the folder: put the file itself here',
    ]);
  });

  it('without merchants sends nothing', async () => {
    await unlink(path.join(dir, 'merchants.yaml'));
    expect((await loadReceiptTexts(dir)).knows('default')).toBe(false);
  });
});
