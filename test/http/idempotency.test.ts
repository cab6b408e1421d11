import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { AppError } from '../../src/errors.js';
import { Idempotency } from '../../src/http/idempotency.js';
import type { Redis } from '../../src/redis/redis.js';
import {
  CALL_ID,
  CAPTURE_ID,
  FOREIGN_KEY,
  FULL_KEY,
  keyWithout,
  startHttpWorld,
  type HttpWorld,
} from '../support/http-world.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';

const KEPT_MS = 24 * 60 * 60 * 1000;
const LEASE_MS = 30_000;

let testRedis: TestRedis;
let redis: Redis;
let world: HttpWorld;
beforeAll(async () => {
  testRedis = await startTestRedis();
  redis = await testRedis.client();
});
afterAll(() => testRedis.stop());
beforeEach(async () => {
  await testRedis.admin.flushall();
  world = await startHttpWorld({ redis });
});
afterEach(() => world.close());

function arm(key: string, body: object = { call: CALL_ID }, apiKey = FULL_KEY) {
  return request(world.server)
    .post('/v1/captures')
    .set('authorization', `Bearer ${apiKey}`)
    .set('idempotency-key', key)
    .send(body);
}

/** The one key that lies in Redis, and how long it will. */
async function kept(): Promise<{ name: string; ms: number }> {
  const [name = '', ...others] = await testRedis.admin.keys('*');
  expect(others).toEqual([]);
  return { name, ms: await testRedis.admin.pttl(name) };
}

/** Holds the next arming until it is let go. */
function holdArming(): { reached: Promise<void>; letGo: () => void } {
  let letGo = () => {};
  const gate = new Promise<void>((resolve) => (letGo = resolve));
  const arm = world.calls.arm.bind(world.calls);
  const reached = new Promise<void>((resolve) => {
    world.calls.arm = async (...args) => {
      resolve();
      await gate;
      return arm(...args);
    };
  });
  return { reached, letGo };
}

describe('an Idempotency-Key', () => {
  it('gives a repetition the first answer again, and arms once', async () => {
    const first = await arm('a');
    world.calls.fault = new AppError('capture_in_progress', 'it has one');
    const second = await arm('a');
    expect([second.status, second.text]).toEqual([201, first.text]);
    expect(second.headers).toMatchObject({
      'idempotent-replayed': 'true',
      location: `/v1/captures/${CAPTURE_ID}`,
      'content-type': 'application/json',
    });
    expect(first.headers['idempotent-replayed']).toBeUndefined();
    expect(world.calls.armed).toHaveLength(1);
  });

  it('takes a body that is spelled differently for the same', async () => {
    await arm('a', { call: CALL_ID, reference: 'INV-1', outcome: 'token' });
    const second = await arm('a', { reference: 'INV-1', call: CALL_ID, agent: null });
    expect([second.status, world.calls.armed.length]).toEqual([201, 1]);
  });

  it('refuses another body: 422', async () => {
    await arm('a');
    const second = await arm('a', { call: CALL_ID, reference: 'INV-2' });
    expect([second.status, second.body.code]).toEqual([422, 'idempotency_mismatch']);
    expect(world.calls.armed).toHaveLength(1);
  });

  it("is each API key's own", async () => {
    await arm('a');
    expect((await arm('a', { call: CALL_ID, reference: 'x' }, keyWithout('charges:write'))).status).toBe(201);
    expect((await arm('a', { call: CALL_ID }, FOREIGN_KEY)).status).toBe(404);
    expect(world.calls.armed).toHaveLength(3);
  });

  it('keeps a refusal too', async () => {
    world.calls.fault = new AppError('call_not_live', 'it is over');
    await arm('a');
    world.calls.fault = null;
    const second = await arm('a');
    expect([second.status, second.body.code, second.type]).toEqual([
      409,
      'call_not_live',
      'application/problem+json',
    ]);
    expect(second.headers['idempotent-replayed']).toBe('true');
  });

  it('keeps no answer of 500 or above', async () => {
    world.calls.fault = new AppError('draining', 'about to stop');
    expect((await arm('a')).status).toBe(503);
    expect(await testRedis.admin.keys('*')).toEqual([]);
    world.calls.fault = null;
    expect((await arm('a')).status).toBe(201);
  });

  it('is not spent by a body that breaks the schema', async () => {
    expect((await arm('a', { call: CALL_ID, cvc: 1 })).status).toBe(400);
    expect((await arm('a')).status).toBe(201);
  });

  it('says that the first is still running: 409 with Retry-After', async () => {
    const { reached, letGo } = holdArming();
    const first = arm('a').then((answer) => answer.status);
    await reached;
    const second = await arm('a');
    expect([second.status, second.body.code, second.headers['retry-after']]).toEqual([
      409,
      'idempotency_in_progress',
      '1',
    ]);
    letGo();
    expect(await first).toBe(201);
    expect((await arm('a')).headers['idempotent-replayed']).toBe('true');
  });

  it('lets exactly one of twenty at once through', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => arm('a')));
    expect(world.calls.armed).toHaveLength(1);
    expect(answers.filter(({ status }) => status !== 201 && status !== 409)).toEqual([]);
  });

  it('is held for half a minute while its request runs, so that a crash locks it no longer', async () => {
    const { reached, letGo } = holdArming();
    const first = arm('a').then((answer) => answer.status);
    await reached;
    const { ms } = await kept();
    expect(ms).toBeGreaterThan(0);
    expect(ms).toBeLessThanOrEqual(LEASE_MS);
    letGo();
    await first;
  });

  it('is kept for 24 hours, without its text', async () => {
    await arm('a-very-own-key');
    const { name, ms } = await kept();
    expect(name).toMatch(/^tw:i:[\w-]{43}$/);
    expect(ms).toBeGreaterThan(KEPT_MS - 60_000);
    expect(ms).toBeLessThanOrEqual(KEPT_MS);
  });

  it('that outlived its lease does not overwrite who took it over', async () => {
    const { reached, letGo } = holdArming();
    const first = arm('a').then((answer) => answer.status);
    await reached;
    const { name } = await kept();
    await testRedis.admin.set(name, 'another owner');
    letGo();
    expect(await first).toBe(201);
    expect(await testRedis.admin.get(name)).toBe('another owner');
  });

  it.each(['', 'x'.repeat(256), 'tab\there', 'é'])('"%s" is refused: 400', async (key) => {
    const answer = await request(world.server)
      .post('/v1/captures')
      .set('authorization', `Bearer ${FULL_KEY}`)
      .set('idempotency-key', key)
      .send({ call: CALL_ID });
    expect([answer.status, answer.body.code]).toEqual([400, 'bad_request']);
  });

  it('of 255 characters is taken', async () => {
    expect((await arm('x'.repeat(255))).status).toBe(201);
  });

  it('while Redis is away: 503, and nothing is armed', async () => {
    await world.close();
    world = await startHttpWorld();
    const answer = await arm('a');
    expect([answer.status, answer.body.code, answer.headers['retry-after']]).toEqual([
      503,
      'redis_unavailable',
      '2',
    ]);
    expect(world.calls.armed).toEqual([]);
  });

  it('costs nobody the answer when Redis goes away in the middle', async () => {
    await world.close();
    world = await startHttpWorld({
      redis: {
        ...redis,
        command: (...args) => redis.command(...args),
        run: () => Promise.reject(new AppError('redis_unavailable', 'gone')),
      },
    });
    expect((await arm('a')).status).toBe(201);
  });
});

it('knows principals of one name apart by their merchant', async () => {
  const idempotency = new Idempotency(redis);
  const answerOf = (merchant: string) =>
    idempotency.once(
      { client: { merchant, principal: 'crm' }, route: 'post /v1/captures', key: 'one', body: {} },
      () => Promise.resolve({ status: 201, headers: {}, text: merchant }),
    );
  expect((await answerOf('shop')).text).toBe('shop');
  expect((await answerOf('elsewhere')).text).toBe('elsewhere');
  expect((await answerOf('shop')).text).toBe('shop');
});
