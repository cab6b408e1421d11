import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CaptureView, ChargeView, LinkView } from '../../src/capture/view.js';
import { parseRecord } from '../../src/vault/card-record.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import { entriesOf } from '../audit/chains.js';
import { payOnPage } from '../support/payer.js';
import { startProvider, type Provider } from '../support/provider.js';
import { over, SERVICE_NUMBER, startService, until, type Service } from '../support/service.js';

const PAYER = '+33612345678';
/** CB and Visa, published by Stripe. */
const CO_BADGED = '4000002500001001';
const CONSENT = { at: '2026-11-22T10:00:00Z', wording: 'You may keep my card.' };

let dir: string;
let provider: Provider;
let service: Service;
/** Another node of it. */
let second: Service;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tonewall-page-'));
  provider = await startProvider();
  const VAULT_KEY_FILE = join(dir, 'keys.json');
  await createKeyFile(VAULT_KEY_FILE, '2026-11-22T00:00:00.000Z');
  const env = { ...provider.env, VAULT_KEY_FILE, SMS_FROM: SERVICE_NUMBER };
  service = await startService({ env: { ...env, DATA_DIR: join(dir, 'first') } });
  const DATA_DIR = join(dir, 'second');
  const heard = { CRM_WEBHOOK_URL: service.crm.url };
  second = await startService({ env: { ...env, ...heard, DATA_DIR }, redis: service.redis });
  provider.tell(service.url);
});
afterAll(async () => {
  await second.stop();
  await service.stop();
  await provider.close();
  await rm(dir, { recursive: true, force: true });
});

/** A capture of EUR 12.50, and the page on which it can be paid. */
async function linked(body: Record<string, unknown> = {}) {
  const { caller } = await service.talk();
  const money = { outcome: 'charge', amount: 1250, currency: 'EUR', reference: 'order-1' };
  const { id } = await service.arm(caller, { ...money, ...body });
  const answer = await service.api('POST', `/v1/captures/${id}/link`, { channel: 'spoken' });
  const { code } = answer.body as LinkView;
  const opened = await fetch(`${service.url}/l/${code}`, { redirect: 'manual' });
  return { caller, id, page: opened.headers.get('location') ?? '' };
}

/** One that is paid. */
async function paid(body: Record<string, unknown>, card: string): Promise<CaptureView> {
  const { caller, id, page } = await linked(body);
  await payOnPage(page, { card, agreed: true });
  const capture = await service.captureWhen(id, over);
  caller.hangUp();
  return capture;
}

const post = async (path: string, body: object, key: string) => {
  const answer = await service.api('POST', path, body, { 'idempotency-key': key });
  return { ...answer, body: answer.body as ChargeView & { code?: string } };
};
const texts = () => service.carrier.messages.all.filter(({ to }) => to === PAYER).map(({ body }) => body);
const charging = (token: string | null) => ({ token, amount: 990, currency: 'EUR' });

describe('a card that was typed on a payment page', () => {
  it('is a token of its capture, which can be charged again where the payer has agreed', async () => {
    const capture = await paid({ purpose: 'saved', consent: CONSENT, metadata: { order: 'A-1' } }, CO_BADGED);
    const { token, fingerprint, card, charge } = capture;
    expect(capture).toMatchObject({
      ...{ status: 'completed', token: expect.stringMatching(/^tnw_/), purpose: 'saved' },
      ...{ fingerprint: expect.stringMatching(/^fpr_/), charge: { status: 'approved', token } },
    });
    expect(card).toEqual({
      ...{ brand: 'visa', bin: null, last4: '1001', exp_month: 12, exp_year: 2034 },
      ...{ networks: ['cartes_bancaires', 'visa'], chosen_network: null },
    });
    const { data } = await service.crm.event(
      'capture.completed',
      (event) => event.data['capture_id'] === capture.id,
    );
    expect(data).toMatchObject({ token, fingerprint, card, charge, expires_at: '2035-01-02T12:00:00.000Z' });
    expect(await service.api('GET', `/v1/tokens/${token}`)).toMatchObject({
      status: 200,
      body: { token, card, fingerprint, purpose: 'saved', usage: 'many', channel: 'ecommerce' },
    });

    const [key = ''] = await service.redis.admin.keys('tw:v:{default.*}:r:*');
    expect(parseRecord((await service.redis.admin.get(key)) ?? '')).toMatchObject({
      ...{ consent: CONSENT, metadata: { order: 'A-1' } },
    });

    const { status, body: later } = await post('/v1/charges', charging(token), 'later');
    expect([status, later.status, later.token]).toEqual([201, 'approved', token]);
    expect(provider.server.orderOf(later.id)).toMatchObject({ entry: 'ecommerce', unattended: true });
    expect((await post(`/v1/charges/${later.id}/refunds`, {}, 'back')).body).toMatchObject({ refunded: 990 });

    expect(provider.server.storedCards).toHaveLength(1);
    expect((await service.api('DELETE', `/v1/tokens/${token}`)).status).toBe(204);
    await until(() => provider.server.storedCards.length === 0);
    expect((await post('/v1/charges', charging(token), 'gone')).status).toBe(404);
  }, 60_000);

  it('and is for this payment alone is kept by nobody: its token is spent, its charge can be refunded', async () => {
    const { token, card, charge, usage } = await paid({ receipt: { sms: PAYER } }, '4242424242424242');
    expect([card?.last4, charge?.token, usage]).toEqual(['4242', token, 'once']);
    expect(provider.server.storedCards).toEqual([]);
    expect((await service.api('GET', `/v1/tokens/${token}`)).status).toBe(404);
    expect(await post('/v1/charges', charging(token), 'again')).toMatchObject({
      ...{ status: 409, body: { code: 'token_spent' } },
    });
    const refund = await post(`/v1/charges/${charge?.id}/refunds`, { amount: 250 }, 'some');
    expect([refund.status, refund.body.refunded]).toEqual([201, 250]);
    await until(() => texts().length === 2);
    expect(texts()).toEqual([
      expect.stringMatching(/^Example Shop: you paid €12\.50 on .*, card ending in 4242\./),
      expect.stringMatching(/^Example Shop: €2\.50 goes back to your card ending in 4242/),
    ]);
  }, 60_000);

  it('gets one token where two nodes, and somebody who cancels, learn of the payment at once', async () => {
    const { caller, id, page } = await linked({ purpose: 'saved', consent: CONSENT });
    provider.server.notices.url = null;
    await payOnPage(page, { agreed: true });
    const [member = ''] = await service.redis.admin.zrevrange('tw:{charges}:unsettled', 0, 0);
    const notice = provider.server.noticeOf(member.split(' ')[0] ?? '');
    const told = [service, second].map(({ url }) =>
      fetch(`${url}/psp/simulated/webhook`, { ...{ method: 'POST' }, ...notice }),
    );
    const cancelled = second.api('POST', `/v1/captures/${id}/cancel`);
    expect((await Promise.all(told)).map(({ status }) => status)).toEqual([204, 204]);
    expect((await cancelled).status).toBe(409);
    const { token, charge } = await service.captureWhen(id, over);
    expect([charge?.status, charge?.token]).toEqual(['approved', token]);
    expect(provider.server.storedCards).toHaveLength(1);
    expect(await service.redis.admin.keys('tw:v:{default.*}:s:*')).toHaveLength(1);
    await service.crm.event('charge.approved', ({ data }) => data['id'] === charge?.id);
    const of = (type: string) =>
      service.crm.deliveries.filter((event) => event.type === type && event.raw.includes(token ?? '-'));
    await until(() => of('capture.completed').length > 0);
    expect([of('charge.approved').length, of('capture.completed').length]).toEqual([1, 1]);
    provider.tell(service.url);
    caller.hangUp();
  }, 60_000);

  it('is in the audit trail, as any that is given a token', async () => {
    await until(async () => {
      const trails = ['first', 'second'].map((node) => entriesOf(join(dir, node, 'audit/service')));
      const entries = (await Promise.all(trails)).flat();
      return (
        entries.filter(({ type, outcome }) => type === 'token.create' && outcome === 'done').length === 3
      );
    });
  });

  it('never comes here: no number in the log, nor in what was told', () => {
    const said = [...service.lines, ...texts(), ...service.crm.deliveries.map(({ raw }) => raw)].join('\n');
    expect(said).not.toMatch(/42424242|40000025/);
  });
});
