import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CaptureView } from '../../src/capture/view.js';
import { startMailServer, type TestMailServer } from '../support/mail-server.js';
import { startProvider, type Provider } from '../support/provider.js';
import { over, SERVICE_NUMBER, startService, until, type Service } from '../support/service.js';

const FAST = { onMs: 60, offMs: 60 };
const GOOD = '4242424242424242';
const DECLINED = '4000000000000002';
const PAYER = '+33612345678';

describe('a service that writes to payers', () => {
  let provider: Provider;
  let mails: TestMailServer;
  let service: Service;

  beforeAll(async () => {
    provider = await startProvider();
    mails = await startMailServer();
    service = await startService({
      env: {
        ...provider.env,
        ...{ SMS_FROM: SERVICE_NUMBER, MAIL_FROM: 'Example Shop <receipts@shop.example>' },
        SMTP_URL: `smtp://127.0.0.1:${mails.port}`,
      },
    });
    provider.tell(service.url);
  });
  afterAll(async () => {
    await service.stop();
    await provider.close();
    await mails.close();
  });

  async function take(number: string, body: Record<string, unknown>): Promise<CaptureView> {
    const { caller } = await service.talk();
    const { id } = await service.arm(caller, { reference: 'order-1', ...body });
    await caller.press(number, FAST);
    await caller.press('1234', FAST);
    if (body['outcome'] !== 'token') await caller.press('123', FAST);
    const capture = await service.captureWhen(id, over);
    caller.hangUp();
    return capture;
  }

  const told = (type: string, about: string, channel: string) =>
    service.crm.event(type, ({ data }) => data['about'] === about && data['channel'] === channel);
  const texts = () => service.carrier.messages.all.filter(({ to }) => to === PAYER).map(({ body }) => body);

  it('sends receipts of what was charged in a capture, and of what is given back', async () => {
    const money = { outcome: 'charge', amount: 1250, currency: 'EUR' };
    const { charge } = await take(GOOD, { ...money, receipt: { sms: PAYER, email: 'jane@example.com' } });
    const id = charge?.id ?? '';
    await told('receipt.sent', id, 'sms');
    await told('receipt.sent', id, 'email');
    expect(texts()).toEqual([
      expect.stringMatching(
        /^Example Shop: you paid €12\.50 on .*, card ending in 4242\. Reference: order-1\./,
      ),
    ]);
    expect(mails.mails).toMatchObject([{ to: ['jane@example.com'] }]);
    await until(async () => {
      const { body } = await service.api('GET', `/v1/receipts?of=${id}`);
      const { receipts } = body as { receipts: { state: string }[] };
      return receipts.map(({ state }) => state).join() === 'delivered,sent';
    });

    const key = { 'idempotency-key': 'give back' };
    await service.api('POST', `/v1/charges/${id}/refunds`, { amount: 250 }, key);
    const refund = await service.crm.event('refund.succeeded', ({ data }) => data['id'] === id);
    const { id: refundId } = refund.data['refund'] as { id: string };
    await told('receipt.sent', refundId, 'sms');
    expect(texts()[1]).toMatch(/^Example Shop: €2\.50 goes back to your card ending in 4242/);
  });

  it('sends one of a charge by token, in the language of the payer', async () => {
    const { token } = await take(GOOD, { outcome: 'token' });
    const before = texts().length;
    const body = { token, amount: 990, currency: 'EUR', receipt: { sms: PAYER } };
    const headers = { 'idempotency-key': 'by token', 'accept-language': 'fr' };
    const { body: charge } = await service.api('POST', '/v1/charges', body, headers);
    await told('receipt.sent', (charge as { id: string }).id, 'sms');
    expect(texts().slice(before)).toEqual([
      expect.stringMatching(/^Example Shop : vous avez payé 9,90 € le .*, carte se terminant par 4242\./),
    ]);
  });

  it('sends one of a card that is kept, and none of a charge that was declined', async () => {
    const before = texts().length;
    const money = { outcome: 'charge', amount: 1250, currency: 'EUR' };
    await take(DECLINED, { ...money, receipt: { sms: PAYER } });
    const consent = { at: '2026-01-01T10:00:00Z', wording: 'I agree.' };
    const kept = { outcome: 'token', purpose: 'saved', consent, receipt: { sms: PAYER } };
    const { id } = await take(GOOD, kept);
    await told('receipt.sent', id, 'sms');
    expect(texts().slice(before)).toEqual([
      expect.stringMatching(/^Example Shop: your card ending in 4242 is kept for later payments/),
    ]);
  });

  it('writes no card number, and logs nobody', () => {
    const written = [...texts(), ...mails.mails.map(({ raw }) => raw)].join('\n');
    expect(written).not.toMatch(/4242[ -]?4242/);
    expect(service.lines.join('\n')).not.toMatch(/612345678|jane@/);
  });

  it('refuses receipts that can go nowhere', async () => {
    const { caller } = await service.talk();
    const body = { call: caller.sid, receipt: { email: 'jane' } };
    const answer = await service.api('POST', '/v1/captures', body);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: 'receipt.email' }] } });
    caller.hangUp();
  });
});

describe('a service that can write to nobody', () => {
  it('says so at the start, and what to set to who asks for a receipt', async () => {
    const service = await startService();
    expect(service.lines.join('\n')).toContain('not set: no short messages are sent');
    const { caller } = await service.talk();
    const body = { call: caller.sid, receipt: { sms: PAYER } };
    expect(await service.api('POST', '/v1/captures', body)).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'receipt.sms', message: "can't be sent: set SMS_FROM" }] },
    });
    await service.stop();
  });
});
