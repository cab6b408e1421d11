import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PhoneCall } from '../../src/carrier/simulated/phone.js';
import type { CaptureView, LinkView } from '../../src/capture/view.js';
import { startMailServer, type TestMailServer } from '../support/mail-server.js';
import { payOnPage } from '../support/payer.js';
import { startProvider, type Provider } from '../support/provider.js';
import { CALLER, over, SERVICE_NUMBER, startService, until, type Service } from '../support/service.js';

/** Quick fingers, so that the tests are quick. */
const FAST = { onMs: 60, offMs: 60 };
/** The bank wants to know the payer: refused by telephone, good on a page. */
const WANTS_AUTHENTICATION = '4000002760003184';
const NO_FUNDS = '4000000000009995';
/** Money taken, and no answer. */
const IN_DOUBT = 990_023;

let mails: TestMailServer;
let provider: Provider;
let service: Service;

beforeAll(async () => {
  mails = await startMailServer();
  provider = await startProvider();
  const writes = {
    SMS_FROM: SERVICE_NUMBER,
    SMTP_URL: `smtp://127.0.0.1:${mails.port}`,
    MAIL_FROM: 'shop@example.com',
  };
  service = await startService({ env: { ...provider.env, ...writes } });
  provider.tell(service.url);
});
afterAll(async () => {
  await service.stop();
  await provider.close();
  await mails.close();
});

/** A capture that shall charge EUR 12.50, armed on a call. */
async function armed(more: Record<string, unknown> = {}) {
  const { caller, agent } = await service.talk();
  const asked = { outcome: 'charge', amount: 1250, currency: 'EUR', reference: 'order-1', ...more };
  const capture = await service.arm(caller, asked);
  return { caller, agent, id: capture.id };
}

const ask = (id: string, body: object) => service.api('POST', `/v1/captures/${id}/link`, body);
const linked = async (id: string, body: object): Promise<LinkView> => {
  const answer = await ask(id, body);
  expect(answer.status).toBe(201);
  return answer.body as LinkView;
};
const linkWhen = (id: string, status: LinkView['status']) =>
  service.captureWhen(id, ({ link }) => link?.status === status);
/** The payer follows what was sent, as far as the provider's page. */
const follow = (url: string) => fetch(url, { redirect: 'manual' });
const taken = ({ charge }: CaptureView) => provider.server.ledger.of(charge?.id ?? '', 'take');
const bye = async (...parties: PhoneCall[]) => {
  parties[0]?.hangUp();
  await until(() => parties.every((party) => party.over));
};

describe('a payment link', () => {
  it('is the way out when a bank refuses the telephone: the same capture is paid on a page', async () => {
    const { caller, agent, id } = await armed();
    for (const keys of [WANTS_AUTHENTICATION, '1234', '123']) await caller.press(keys, FAST);
    const refused = await service.captureWhen(id, over);
    expect(refused.decline).toMatchObject({ code: 'authentication_required', next: 'link' });

    const link = await linked(id, { channel: 'sms' });
    expect(link).toEqual({
      ...{ id: expect.stringMatching(/^lnk_/), capture_id: id, channel: 'sms', to: '+336******01' },
      ...{ status: 'created', delivery: 'queued', address: `${service.url}/l` },
      code: expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/),
      ...{ created_at: expect.any(String), expires_at: expect.any(String) },
    });
    expect(Date.parse(link.expires_at) - Date.parse(link.created_at)).toBeCloseTo(30 * 60_000, -4);
    const sent = await linkWhen(id, 'sent');
    expect(sent).toMatchObject({ status: 'processing', reason: null, decline: null });
    await until(() => service.carrier.messages.all.some(({ to }) => to === CALLER));
    const { body } = service.carrier.messages.all.find(({ to }) => to === CALLER) ?? { body: '' };
    const url = `${service.url}/l/${link.code.replace('-', '')}`;
    expect(body).toBe(`Pay €12.50 (order-1) here: ${url} - valid for 30 minutes.`);

    const opened = await follow(url);
    expect([opened.status, opened.headers.get('referrer-policy')]).toEqual([302, 'no-referrer']);
    const page = opened.headers.get('location') ?? '';
    expect(page.startsWith(provider.server.pagesUrl)).toBe(true);
    await linkWhen(id, 'opened');

    const back = await payOnPage(page, { card: WANTS_AUTHENTICATION, agreed: true });
    const done = await service.captureWhen(id, over);
    expect(done).toMatchObject({
      ...{
        status: 'completed',
        reason: null,
        token: expect.stringMatching(/^tnw_/),
        card: { brand: 'visa', last4: '3184' },
        decline: null,
        link: { status: 'paid' },
      },
      charge: { status: 'approved', token: done.token, amount: 1250, currency: 'EUR', reference: 'order-1' },
    });
    expect(taken(done)).toEqual({ times: 1, amount: 1250 });
    expect(taken(refused).times).toBe(0);
    const told = await service.crm.event('capture.completed', ({ data }) => data['capture_id'] === id);
    expect(told.data).toMatchObject({ token: done.token, card: done.card, charge: done.charge });
    await service.crm.event('charge.approved', ({ data }) => data['id'] === done.charge?.id);
    expect(await (await fetch(back ?? '')).text()).toContain('Thank you.');
    expect(await ask(id, { channel: 'sms' })).toMatchObject({
      status: 409,
      body: { code: 'link_not_possible' },
    });
    expect((await follow(url)).status).toBe(410);
    await bye(caller, agent);
  }, 60_000);

  it('takes the place of keying, and of what was keyed nothing is left; the talk goes on', async () => {
    const { caller, agent, id } = await armed();
    await caller.press('42424242', FAST);
    const link = await linked(id, { channel: 'spoken' });
    expect(link).toMatchObject({ status: 'created', to: null, delivery: null });
    const waiting = await service.capture(id);
    expect(waiting).toMatchObject({ status: 'processing', current_field: null });
    expect(waiting.fields.map(({ digits_entered }) => digits_entered)).toEqual([0, 0, 0]);
    await caller.press('4242424212341234', FAST);
    expect((await service.capture(id)).fields.map(({ digits_entered }) => digits_entered)).toEqual([0, 0, 0]);
    expect(await service.api('POST', '/v1/captures', { call: caller.sid })).toMatchObject({ status: 409 });

    const page = await fetch(`${service.url}/l`, {
      method: 'POST',
      body: new URLSearchParams({ code: ` ${link.code.toLowerCase()}` }),
    });
    expect(await page.text()).toContain(`href="/l/${link.code.replace('-', '')}"`);
    const opened = await follow(`${service.url}/l/${link.code}`);
    await bye(caller, agent);
    await payOnPage(opened.headers.get('location') ?? '', { agreed: true });
    const done = await service.captureWhen(id, over);
    expect(done).toMatchObject({ status: 'completed', link: { status: 'paid' } });
    expect(taken(done)).toEqual({ times: 1, amount: 1250 });
  }, 60_000);

  it('is sent again by another channel, the same page, so often and no more', async () => {
    const { caller, agent, id } = await armed();
    const first = await linked(id, { channel: 'sms', to: '+33639980077' });
    const again = await linked(id, { channel: 'email', to: 'payer@example.com' });
    expect(again).toMatchObject({ id: first.id, code: first.code, channel: 'email', to: 'p***@example.com' });
    await until(() => mails.mails.length > 0);
    expect(mails.mails[0]).toMatchObject({ to: ['payer@example.com'] });
    expect(mails.mails[0]?.raw.replaceAll('=\r\n', '')).toContain(`/l/${first.code.replace('-', '')}`);
    for (let sending = 3; sending <= 5; sending++)
      await linked(id, { channel: 'email', to: 'payer@example.com' });
    expect(await ask(id, { channel: 'email', to: 'payer@example.com' })).toMatchObject({
      ...{ status: 409, body: { detail: expect.stringContaining('5 messages at most') } },
    });
    expect(await linked(id, { channel: 'spoken' })).toMatchObject({ id: first.id });
    await bye(caller, agent);
  }, 60_000);

  it('is cancelled with its capture: the page is closed, and nothing can be paid on it', async () => {
    const { caller, agent, id } = await armed();
    const { code } = await linked(id, { channel: 'spoken' });
    const page = (await follow(`${service.url}/l/${code}`)).headers.get('location') ?? '';
    const cancelled = await service.api('POST', `/v1/captures/${id}/cancel`);
    expect(cancelled).toMatchObject({
      status: 200,
      body: { status: 'cancelled', reason: 'cancelled_by_agent', link: { status: 'cancelled' } },
    });
    await service.crm.event('capture.cancelled', ({ data }) => data['capture_id'] === id);
    expect(await (await fetch(page)).text()).not.toContain('<input');
    expect((await follow(`${service.url}/l/${code}`)).status).toBe(410);
    const next = await service.arm(caller, { outcome: 'charge', amount: 1250, currency: 'EUR' });
    expect(next.link).toBeNull();
    await bye(caller, agent);
  }, 60_000);

  it('that was paid in the moment of a cancel stays paid', async () => {
    const { caller, agent, id } = await armed();
    const { code } = await linked(id, { channel: 'spoken' });
    const page = (await follow(`${service.url}/l/${code}`)).headers.get('location') ?? '';
    provider.server.notices.url = null;
    await payOnPage(page, { agreed: true });
    expect(await service.api('POST', `/v1/captures/${id}/cancel`)).toMatchObject({ status: 409 });
    provider.tell(service.url);
    expect(await service.capture(id)).toMatchObject({ status: 'completed', link: { status: 'paid' } });
    await bye(caller, agent);
  }, 60_000);

  it('that fails ends its capture, which may have another', async () => {
    const { caller, agent, id } = await armed();
    const first = await linked(id, { channel: 'spoken' });
    const page = (await follow(`${service.url}/l/${first.code}`)).headers.get('location') ?? '';
    for (let card = 1; card <= 3; card++) await payOnPage(page, { card: NO_FUNDS, agreed: true });
    const failed = await service.captureWhen(id, over);
    expect(failed).toMatchObject({
      ...{ status: 'failed', reason: 'charge_declined', link: { status: 'failed' } },
      ...{ decline: { code: 'insufficient_funds' }, charge: { status: 'declined' } },
    });
    const second = await linked(id, { channel: 'spoken' });
    expect(second.id).not.toBe(first.id);
    expect(await service.capture(id)).toMatchObject({ status: 'processing', link: { id: second.id } });
    await service.api('POST', `/v1/captures/${id}/cancel`);
    await bye(caller, agent);
  }, 60_000);

  it('is not sent to whom too many cards were refused, on the telephone or on pages', async () => {
    const careful = await startService({
      env: { ...provider.env, SMS_FROM: SERVICE_NUMBER, LIMIT_DECLINES_PER_CALLER: '2/1h' },
    });
    provider.tell(careful.url);
    try {
      const { caller, agent } = await careful.talk();
      const { id } = await careful.arm(caller, { outcome: 'charge', amount: 1250, currency: 'EUR' });
      const send = () => careful.api('POST', `/v1/captures/${id}/link`, { channel: 'spoken' });
      for (const keys of [NO_FUNDS, '1234', '123']) await caller.press(keys, FAST);
      await careful.captureWhen(id, ({ decline }) => decline !== null);
      const { code } = (await send()).body as LinkView;
      const page = (await follow(`${careful.url}/l/${code}`)).headers.get('location') ?? '';
      for (let card = 1; card <= 3; card++) await payOnPage(page, { card: NO_FUNDS, agreed: true });
      await careful.captureWhen(id, over);
      expect(await send()).toMatchObject({
        status: 429,
        body: {
          code: 'limit_reached',
          detail: 'too many cards of this caller were declined: 2 within 60 min; try again in 60 min',
        },
      });
      await bye(caller, agent);
    } finally {
      await careful.stop();
      provider.tell(service.url);
    }
  }, 60_000);

  it('is believed to be paid by nobody but the provider', async () => {
    const { caller, agent, id } = await armed();
    const { code } = await linked(id, { channel: 'spoken' });
    expect((await fetch(`${service.url}/l/done?status=approved&code=${code}`)).status).toBe(200);
    expect((await fetch(`${service.url}/l/done`, { method: 'POST', body: 'status=paid' })).status).toBe(404);
    const { charge: none } = await service.capture(id);
    expect(none).toBeNull();
    const forged = await fetch(`${service.url}/psp/simulated/webhook`, {
      method: 'POST',
      headers: { 'webhook-id': 'msg_1', 'webhook-timestamp': '1', 'webhook-signature': 'v1,AAAA' },
      body: JSON.stringify({ type: 'payment.updated', data: { status: 'approved' } }),
    });
    expect(forged.status).toBe(400);
    expect(await service.capture(id)).toMatchObject({ status: 'processing', link: { status: 'created' } });
    await service.api('POST', `/v1/captures/${id}/cancel`);
    await bye(caller, agent);
  }, 60_000);

  it('and a keyed card are never both: whichever comes first, the money is taken once', async () => {
    for (let round = 0; round < 3; round++) {
      const { caller, agent, id } = await armed();
      for (const keys of ['4242424242424242', '1234', '12']) await caller.press(keys, FAST);
      // The last key, and somewhere around its end the request for a link.
      const pressed = caller.press('3', FAST);
      await new Promise((resolve) => setTimeout(resolve, round * 60));
      const { status, body } = await ask(id, { channel: 'spoken' });
      await pressed;
      if (status === 409) {
        expect(await service.captureWhen(id, over)).toMatchObject({ status: 'completed', link: null });
      } else {
        expect(await service.capture(id)).toMatchObject({ status: 'processing', charge: null });
        const { code } = body as LinkView;
        const page = (await follow(`${service.url}/l/${code}`)).headers.get('location') ?? '';
        await payOnPage(page, { agreed: true });
      }
      expect(taken(await service.captureWhen(id, over))).toEqual({ times: 1, amount: 1250 });
      await bye(caller, agent);
    }
  }, 60_000);

  it('is one, however many ask for it at once', async () => {
    const { caller, agent, id } = await armed();
    const asked = await Promise.all([1, 2, 3].map(() => ask(id, { channel: 'spoken' })));
    const made = asked.filter(({ status }) => status === 201).map(({ body }) => (body as LinkView).id);
    expect(new Set(made)).toEqual(new Set([(await service.capture(id)).link?.id]));
    expect(asked.every(({ status }) => status === 201 || status === 409)).toBe(true);
    await service.api('POST', `/v1/captures/${id}/cancel`);
    await bye(caller, agent);
  }, 60_000);

  it('is refused while nobody knows whether the card was charged', async () => {
    const { caller, agent, id } = await armed({ amount: IN_DOUBT });
    for (const keys of ['4242424242424242', '1234', '123']) await caller.press(keys, FAST);
    await until(async () => (await service.capture(id)).status !== 'collecting');
    expect(await ask(id, { channel: 'sms' })).toMatchObject({
      status: 409,
      body: { code: 'link_not_possible' },
    });
    await bye(caller, agent);
  }, 60_000);

  it('is refused for what is not to be charged, for nobody, and for an address that is none', async () => {
    const { caller, agent, id } = await armed({ outcome: 'token' });
    expect(await ask(id, { channel: 'spoken' })).toMatchObject({ status: 409 });
    expect(await ask(id, { channel: 'email' })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'to' }] },
    });
    expect(await ask(id, { channel: 'sms', to: '12' })).toMatchObject({
      status: 400,
      body: { detail: 'to must be a telephone number such as +33612345678' },
    });
    expect(await ask(id, { channel: 'spoken', to: 'payer@example.com' })).toMatchObject({
      ...{ status: 400, body: { errors: [{ path: 'to' }] } },
    });
    expect(await ask(`cap_${'0'.repeat(26)}`, { channel: 'sms' })).toMatchObject({ status: 404 });
    await bye(caller, agent);
  }, 60_000);
});
