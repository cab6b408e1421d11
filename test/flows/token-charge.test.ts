import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChargeView } from '../../src/capture/view.js';
import { entriesOf } from '../audit/chains.js';
import { startProvider, type Provider } from '../support/provider.js';
import { over, startService, until, type Service } from '../support/service.js';

const FAST = { onMs: 60, offMs: 60 };
/** Money is taken and no answer comes: see `scenarios.ts` of the simulated provider. */
const TAKEN_THEN_500 = 990_024;

let dir: string;
let provider: Provider;
let service: Service;
let token: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tonewall-charges-'));
  provider = await startProvider();
  service = await startService({ env: { ...provider.env, DATA_DIR: dir } });
  provider.tell(service.url);
  const { caller } = await service.talk();
  const { id } = await service.arm(caller);
  await caller.press('4242424242424242', FAST);
  await caller.press('1234', FAST);
  token = (await service.captureWhen(id, over)).token ?? '';
});
afterAll(async () => {
  await service.stop();
  await provider.close();
  await rm(dir, { recursive: true, force: true });
});

const post = async (path: string, body: object, key: string) => {
  const answer = await service.api('POST', path, body, { 'idempotency-key': key });
  return { ...answer, body: answer.body as ChargeView };
};
const ledger = (id: string, kind: 'take' | 'refund') => provider.server.ledger.of(id, kind);
const told = (type: string, id: string) => service.crm.event(type, ({ data }) => data['id'] === id);

describe('a token that was taken on a call', () => {
  it('is charged once however often the request comes, refunded in part, and the CRM hears of it', async () => {
    const body = { token, amount: 1250, currency: 'EUR', reference: 'order 7' };
    const { status, body: charge } = await post('/v1/charges', body, 'a');
    expect([status, charge.status, charge.provider]).toEqual([201, 'approved', 'simulated']);
    expect((await post('/v1/charges', body, 'a')).body).toEqual(charge);
    const refund = await post(`/v1/charges/${charge.id}/refunds`, { amount: 250 }, 'a');
    expect([refund.status, refund.body]).toEqual([201, { ...charge, refunded: 250 }]);
    expect((await service.api('GET', `/v1/charges/${charge.id}`)).body).toEqual(refund.body);
    expect([ledger(charge.id, 'take'), ledger(charge.id, 'refund')]).toEqual([
      { times: 1, amount: 1250 },
      { times: 1, amount: 250 },
    ]);
    expect((await told('charge.approved', charge.id)).data).toEqual({ ...charge, capture_id: null });
    expect((await told('refund.succeeded', charge.id)).data).toMatchObject(refund.body);
  });

  it('is voided, and not twice', async () => {
    const { body: charge } = await post('/v1/charges', { token, amount: 700, currency: 'EUR' }, 'b');
    const path = `/v1/charges/${charge.id}/void`;
    expect(await post(path, {}, 'a')).toMatchObject({ status: 200, body: { refunded: 700 } });
    expect(await post(path, {}, 'b')).toMatchObject({ status: 409, body: { code: 'charge_not_voidable' } });
  });

  it('whose charge nobody knows is settled within moments, by the provider’s own notice', async () => {
    const { body: charge } = await post(
      '/v1/charges',
      { token, amount: TAKEN_THEN_500, currency: 'EUR' },
      'c',
    );
    expect(charge).toMatchObject({ status: 'unknown', decline: null });
    const path = `/v1/charges/${charge.id}`;
    await until(async () => ((await service.api('GET', path)).body as ChargeView).status === 'approved');
    expect(ledger(charge.id, 'take').times).toBe(1);
    await told('charge.unknown', charge.id);
    await told('charge.approved', charge.id);
  });

  it('of which money is given back in the provider’s console: the CRM hears of it, and less is left', async () => {
    const { body: charge } = await post('/v1/charges', { token, amount: 1000, currency: 'EUR' }, 'd');
    expect(provider.server.refundInConsole(charge.id, 400)).not.toBeNull();
    expect((await told('refund.succeeded', charge.id)).data).toMatchObject({
      ...{ id: charge.id, refunded: 400, refund: { kind: 'refund', made: 'elsewhere', amount: 400 } },
    });
    const path = `/v1/charges/${charge.id}/refunds`;
    expect((await service.api('GET', path)).body).toMatchObject({
      refunds: [{ made: 'elsewhere', amount: 400, status: 'succeeded' }],
    });
    expect(await post(path, { amount: 601 }, 'd')).toMatchObject({ status: 400 });
    expect(await post(path, {}, 'e')).toMatchObject({ status: 201, body: { refunded: 1000 } });
  });

  it('leaves its way in the audit trail', async () => {
    const entries = await entriesOf(join(dir, 'audit/service'));
    const ways = entries
      .filter(({ type }) => type.startsWith('charge.'))
      .map(({ type, outcome, actor }) => `${type} ${outcome} ${actor}`);
    expect(new Set(ways)).toEqual(
      new Set([
        ...['charge.create intent API_KEY', 'charge.create done API_KEY'],
        ...['charge.refund intent API_KEY', 'charge.refund done API_KEY', 'charge.refund failed API_KEY'],
        ...['charge.void intent API_KEY', 'charge.void done API_KEY', 'charge.void failed API_KEY'],
        ...['charge.settle intent service', 'charge.settle done service'],
        'charge.refunded_elsewhere done service',
      ]),
    );
  });
});

describe('a service that keeps no cards', () => {
  let poor: Service;
  beforeAll(async () => {
    poor = await startService({ env: { ...provider.env, STORE_CARDS: 'false' } });
  });
  afterAll(() => poor.stop());

  it('gives a token for the provider’s name of the card, charges it, and has it forgotten in the end', async () => {
    const { caller } = await poor.talk();
    const { id } = await poor.arm(caller);
    await caller.press('4242424242424242', FAST);
    await caller.press('1234', FAST);
    const { token, card } = await poor.captureWhen(id, over);
    expect(card).toMatchObject({ last4: '4242' });
    const body = { token, amount: 1250, currency: 'EUR' };
    const charge = await poor.api('POST', '/v1/charges', body, { 'idempotency-key': 'a' });
    expect(charge).toMatchObject({ status: 201, body: { status: 'approved' } });
    expect(provider.server.storedCards).toHaveLength(1);
    expect((await poor.api('DELETE', `/v1/tokens/${token}`)).status).toBe(204);
    const after = await poor.api('POST', '/v1/charges', body, { 'idempotency-key': 'b' });
    expect(after).toMatchObject({ status: 404, body: { code: 'not_found' } });
    await until(() => provider.server.storedCards.length === 0);
  });
});
