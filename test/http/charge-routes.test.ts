import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { NoProvider } from '../../src/charge/no-provider.js';
import { AppError } from '../../src/errors.js';
import { CHARGE, FULL_KEY, REFUND, startHttpWorld, TOKEN, type HttpWorld } from '../support/http-world.js';

let world: HttpWorld;
beforeEach(async () => {
  world = await startHttpWorld();
});
afterEach(() => world.close());

const BODY = { token: TOKEN, amount: 1250, currency: 'EUR', reference: 'order 7' };

function post(path: string, body?: object, headers: Record<string, string> = {}) {
  return request(world.server)
    .post(path)
    .set({ authorization: `Bearer ${FULL_KEY}`, 'idempotency-key': 'a key', ...headers })
    .send(body);
}

describe('POST /v1/charges', () => {
  it('charges, answers 201 whatever the outcome, and says where the charge is', async () => {
    const answer = await post('/v1/charges', BODY);
    expect([answer.status, answer.headers['location'], answer.body]).toEqual([
      201,
      `/v1/charges/${CHARGE.id}`,
      CHARGE,
    ]);
    expect(world.charges.asked).toEqual([
      { ...BODY, network: null, receipt: null, idempotencyKey: 'a key', language: 'en' },
    ]);
  });

  it.each([
    ['fr', 'fr'],
    ['fr-CA, en;q=0.5', 'fr'],
    ['en;q=0.9, fr;q=0.8', 'en'],
    ['de', 'en'],
  ])('has its sentences for people who read %s in %s', async (accepted, language) => {
    await post('/v1/charges', BODY, { 'accept-language': accepted });
    expect(world.charges.asked).toMatchObject([{ language }]);
  });

  it('moves no money without a key', async () => {
    for (const path of ['/v1/charges', `/v1/charges/${CHARGE.id}/refunds`, `/v1/charges/${CHARGE.id}/void`]) {
      const answer = await request(world.server)
        .post(path)
        .set('authorization', `Bearer ${FULL_KEY}`)
        .send(BODY);
      expect([answer.status, JSON.parse(answer.text).detail]).toEqual([
        400,
        'send an Idempotency-Key: money moves once for each',
      ]);
    }
    expect(world.charges.asked).toEqual([]);
  });

  it.each([
    [{ ...BODY, amount: 0 }, 'amount', 'must be at least 1'],
    [{ ...BODY, amount: -5 }, 'amount', 'must be at least 1'],
    [{ ...BODY, amount: 12.5 }, 'amount', 'must be a whole number'],
    [{ ...BODY, currency: 'eur' }, 'currency', 'must be an ISO 4217 code, such as EUR'],
    [{ ...BODY, reference: '4242 4242 4242 4242' }, 'reference', 'card numbers are not taken here'],
    [{ ...BODY, network: 'amex' }, 'network', 'must be one of cartes_bancaires, visa, mastercard'],
    [{ ...BODY, code: '123' }, 'code', 'is not known'],
  ])('takes no %j', async (body, path, message) => {
    const answer = await post('/v1/charges', body);
    expect([answer.status, JSON.parse(answer.text).errors]).toEqual([400, [{ path, message }]]);
  });

  it.each([
    ['token_spent', 409],
    ['token_closed', 409],
    ['too_many_charges', 429],
    ['idempotency_in_progress', 409],
    ['idempotency_mismatch', 422],
    ['psp_unavailable', 503],
    ['psp_misconfigured', 502],
  ] as const)('answers %s with %i', async (code, status) => {
    world.charges.fault = new AppError(code, 'why');
    const answer = await post('/v1/charges', BODY);
    expect([answer.status, JSON.parse(answer.text).code]).toEqual([status, code]);
  });

  it('says so where there is no provider', async () => {
    const store = { get: () => Promise.reject(new AppError('not_found', 'there is no such charge')) };
    const poor = await startHttpWorld({ charges: new NoProvider(store) });
    try {
      const answer = await request(poor.server)
        .post('/v1/charges')
        .set({ authorization: `Bearer ${FULL_KEY}`, 'idempotency-key': 'a' })
        .send(BODY);
      expect([answer.status, JSON.parse(answer.text).code]).toEqual([400, 'no_provider']);
    } finally {
      await poor.close();
    }
  });
});

describe('what comes of a charge', () => {
  it('is refunded in part, or what is left', async () => {
    const path = `/v1/charges/${CHARGE.id}/refunds`;
    expect((await post(path, { amount: 300 })).status).toBe(201);
    expect((await post(path, {})).status).toBe(201);
    expect((await post(path)).status).toBe(201);
    expect(world.charges.asked).toEqual([
      { id: CHARGE.id, amount: 300, idempotencyKey: 'a key' },
      { id: CHARGE.id, amount: null, idempotencyKey: 'a key' },
      { id: CHARGE.id, amount: null, idempotencyKey: 'a key' },
    ]);
  });

  it('is listed, what failed too', async () => {
    const path = `/v1/charges/${CHARGE.id}/refunds`;
    const answer = await request(world.server).get(path).set('authorization', `Bearer ${FULL_KEY}`);
    expect([answer.status, answer.body]).toEqual([200, { refunds: [REFUND] }]);
    expect(world.charges.asked).toEqual([CHARGE.id]);
  });

  it('is voided, or says that it is too late', async () => {
    const path = `/v1/charges/${CHARGE.id}/void`;
    expect((await post(path)).body).toEqual(CHARGE);
    world.charges.fault = new AppError('charge_not_voidable', 'refund it');
    expect((await post(path)).status).toBe(409);
  });
});
