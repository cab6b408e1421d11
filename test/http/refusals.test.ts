import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import request from 'supertest';
import { AppError, type ErrorCode } from '../../src/errors.js';
import { problemSchema } from '../../src/http/problem.js';
import {
  CALL_ID,
  CAPTURE_ID,
  CALLER_SID,
  FULL_KEY,
  startHttpWorld,
  TOKEN,
  type HttpWorld,
} from '../support/http-world.js';

const CARD = '4242424242424242';

let world: HttpWorld;
beforeAll(async () => {
  world = await startHttpWorld();
});
afterAll(() => world.close());
beforeEach(() => {
  world.calls.fault = null;
  world.calls.armed = [];
  world.missing.length = 0;
});

const get = (path: string) => request(world.server).get(path).set('authorization', `Bearer ${FULL_KEY}`);
const post = (path: string) => request(world.server).post(path).set('authorization', `Bearer ${FULL_KEY}`);
const arm = (body: object) => post('/v1/captures').send({ call: CALL_ID, ...body });
const armRaw = (body: string | Buffer, type = 'application/json') =>
  post('/v1/captures').set('content-type', type).send(body);

/** The problem of an answer: of the published shape, with its status, and not cached. */
function problem(answer: request.Response) {
  expect(answer.type).toBe('application/problem+json');
  expect(answer.headers['cache-control']).toBe('no-store');
  const { code, status, errors } = problemSchema.strict().parse(JSON.parse(answer.text));
  expect(status).toBe(answer.status);
  return { status, code, ...(errors && { errors }) };
}

const wrong = (path: string, message: string) => ({
  status: 400,
  code: 'bad_request',
  errors: [{ path, message }],
});

describe('a body that breaks the schema', () => {
  it.each([
    ['an unknown member', { cvc: 1 }, 'cvc', 'is not known'],
    ['a member of the wrong type', { reference: 7 }, 'reference', 'must be a string'],
    ['an unknown outcome', { outcome: 'gift' }, 'outcome', 'must be one of token, verify, charge'],
    [
      'an unknown field name',
      { fields: ['payment-card-number', 'pin'] },
      'fields[1]',
      'must be one of payment-card-number, expiration-date, security-code, postal-code',
    ],
    ['no fields', { fields: [] }, 'fields', 'must be at least 1 items long'],
    ['a field twice', { fields: ['postal-code', 'postal-code'] }, 'fields', 'must not name a field twice'],
    ['half a cent', { amount: 12.5, currency: 'EUR' }, 'amount', 'must be a whole number'],
    ['a negative amount', { amount: -1, currency: 'EUR' }, 'amount', 'must be at least 0'],
    [
      'an amount as long as a card number',
      { amount: Number(CARD), currency: 'EUR' },
      'amount',
      'must be at most 999999999999',
    ],
    ['an amount without currency', { amount: 1250 }, 'currency', 'is required with an amount'],
    [
      'a currency without amount',
      { currency: 'EUR' },
      'amount',
      'is required with a currency, and to charge',
    ],
    [
      'an unknown currency',
      { amount: 1, currency: 'EUX' },
      'currency',
      'must be an ISO 4217 code, such as EUR',
    ],
    [
      'a charge without amount',
      { outcome: 'charge' },
      'amount',
      'is required with a currency, and to charge',
    ],
    [
      'charging a card that is kept for disputes',
      { purpose: 'dispute', outcome: 'charge', amount: 100, currency: 'EUR' },
      'purpose',
      'a card kept for disputes is not charged: use the outcome token, or another purpose',
    ],
    ['keeping without consent', { purpose: 'saved' }, 'consent', 'is required to keep the card'],
    [
      'a consent without zone',
      { purpose: 'saved', consent: { at: '2026-01-01T10:00:00', wording: 'yes' } },
      'consent.at',
      'must be an RFC 3339 time with its zone',
    ],
    [
      'a consent without wording',
      { purpose: 'saved', consent: { at: '2026-01-01T10:00:00Z' } },
      'consent.wording',
      'is required',
    ],
    [
      'a reference of 201 characters',
      { reference: 'é'.repeat(201) },
      'reference',
      'must have at most 200 characters',
    ],
    [
      'a metadata value of 501 characters',
      { metadata: { order: 'x'.repeat(501) } },
      'metadata.order',
      'must have at most 500 characters',
    ],
    [
      '21 metadata members',
      { metadata: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`k${i}`, ''])) },
      'metadata',
      'must have at most 20 members',
    ],
    ['a metadata value that is no string', { metadata: { order: 7 } }, 'metadata.order', 'must be a string'],
    ['a call id of 65 characters', { call: 'x'.repeat(65) }, 'call', 'must be at most 64 characters long'],
  ])('%s', async (_name, body, path, message) => {
    expect(problem(await arm(body))).toEqual(wrong(path, message));
    expect(world.calls.armed).toEqual([]);
  });

  it('names every wrong member at once', async () => {
    expect(problem(await post('/v1/captures').send({ outcome: 1, agent: 2 }))).toEqual({
      status: 400,
      code: 'bad_request',
      errors: [
        { path: 'call', message: 'is required' },
        { path: 'outcome', message: 'must be one of token, verify, charge' },
        { path: 'agent', message: 'must be a string' },
      ],
    });
  });

  it('takes the longest that is allowed', async () => {
    const metadata = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`key ${i}`, '🙂'.repeat(500)]));
    expect((await arm({ reference: '🙂'.repeat(200), metadata })).status).toBe(201);
  });

  it('is counted in characters, 20 errors at most', async () => {
    const body = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`unknown${i}`, 1]));
    expect(problem(await arm(body)).errors).toHaveLength(20);
  });
});

describe('a card number where none is taken', () => {
  const refused = (path: string) => wrong(path, 'card numbers are not taken here');

  it.each([
    ['reference', { reference: `order ${CARD}` }, 'reference'],
    ['reference, in groups', { reference: '4242 4242-4242.4242' }, 'reference'],
    ['agent', { agent: CARD }, 'agent'],
    ['a metadata value', { metadata: { note: CARD } }, 'metadata.note'],
    [
      'the wording of a consent',
      { consent: { at: '2026-01-01T00:00:00Z', wording: CARD } },
      'consent.wording',
    ],
  ])('%s', async (_name, body, path) => {
    const answer = await arm(body);
    expect(problem(answer)).toEqual(refused(path));
    expect(digitsOf(answer.text)).not.toContain(CARD.slice(0, 10));
    expect(world.calls.armed).toEqual([]);
  });

  it.each([
    [
      'a metadata key',
      { metadata: { [CARD]: 'x' } },
      'metadata.…',
      'its name card numbers are not taken here',
    ],
    ['an unknown member', { [CARD]: 1 }, '…', 'is not known'],
    ['half of one as a member', { [`pan_${CARD.slice(0, 8)}`]: 1 }, '…', 'is not known'],
  ])('%s, which is not echoed either', async (_name, body, path, message) => {
    const answer = await arm(body);
    expect(problem(answer)).toEqual(wrong(path, message));
    expect(answer.text).not.toMatch(/4242/);
  });

  it.each([
    `/v1/captures?reference=${CARD}`,
    `/v1/captures?${CARD}=1`,
    `/v1/captures?cursor=${CARD}%20`,
    `/v1/captures/${CARD}`,
    `/v1/tokens/${CARD}`,
    `/v1/calls/${CARD}`,
    `/${CARD}`,
  ])('GET %s is refused without an echo, in answer and log', async (path) => {
    const answer = await get(path);
    expect([400, 404]).toContain(problem(answer).status);
    expect(answer.text + JSON.stringify(answer.headers) + JSON.stringify(world.lines)).not.toContain('4242');
  });

  it('as an idempotency key', async () => {
    const answer = await arm({}).set('idempotency-key', CARD);
    expect(problem(answer)).toEqual({ status: 400, code: 'bad_request' });
    expect(answer.text).not.toContain('4242');
  });
});

describe('a body that is no JSON', () => {
  it.each([
    ['malformed', `{"call": ${CARD}`],
    ['empty', ''],
    ['a member twice', '{"call":"a","call":"b"}'],
    ['64 levels', '{"metadata":'.repeat(64) + '1' + '}'.repeat(64)],
    ['a byte order mark', '\ufeff{"call":"a"}'],
    ['half a surrogate pair', '{"call":"\\ud83d"}'],
    ['NUL', '{"call":"\\u0000"}'],
    ['__proto__', `{"call":"${CALL_ID}","metadata":{"__proto__":"x"}}`],
    ['a huge number', `{"call":"${CALL_ID}","amount":1e999,"currency":"EUR"}`],
    ['an array', '[]'],
    ['a bare string', `"${CARD}"`],
    ['null', 'null'],
  ])('%s', async (_name, body) => {
    const answer = await armRaw(body);
    expect(problem(answer)).toMatchObject({ status: 400, code: 'bad_request' });
    expect(answer.text).not.toContain('4242');
  });

  it('leaves Object.prototype alone', async () => {
    await armRaw(`{"call":"${CALL_ID}","metadata":{"constructor":"x","prototype":"y"}}`);
    await get('/v1/captures?__proto__[polluted]=1&constructor.prototype.polluted=1');
    expect('polluted' in {}).toBe(false);
  });

  it('over 64 KiB', async () => {
    expect(problem(await armRaw(`{"call":"${'1'.repeat(1024 * 1024)}"}`))).toEqual({
      status: 413,
      code: 'payload_too_large',
    });
  });

  it('without end is refused while it still comes', async () => {
    const { port } = world.server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    const head = [
      'POST /v1/captures HTTP/1.1',
      'host: x',
      `authorization: Bearer ${FULL_KEY}`,
      'content-type: application/json',
      'content-length: 1000000000',
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n`);
    socket.write(Buffer.alloc(5 * 1024 * 1024, ' '));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 413 /);
    socket.destroy();
  });

  it('of 64 KiB to the byte is read', async () => {
    const padded = (bytes: number) => JSON.stringify({ call: CALL_ID }).padEnd(bytes, ' ');
    expect((await armRaw(padded(64 * 1024))).status).toBe(201);
    expect((await armRaw(padded(64 * 1024 + 1))).status).toBe(413);
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json; charset=latin1',
    '',
  ])('of the type "%s"', async (type) => {
    expect(problem(await armRaw('{}', type))).toEqual({ status: 415, code: 'unsupported_media_type' });
  });

  it('compressed', async () => {
    const answer = await armRaw(gzipSync('{}')).set('content-encoding', 'gzip');
    expect(problem(answer)).toEqual({ status: 415, code: 'unsupported_media_type' });
  });

  it.each(['application/json; charset=utf-8', 'application/json;charset="UTF-8"', 'Application/JSON'])(
    'but JSON as %s is',
    async (type) => {
      expect((await armRaw(JSON.stringify({ call: CALLER_SID }), type)).status).toBe(201);
    },
  );
});

describe('a request that is refused', () => {
  it.each([
    ['no Authorization', undefined],
    ['another scheme', `Basic ${FULL_KEY}`],
    ['an empty key', 'Bearer '],
    ['a wrong key', 'Bearer key-wrong'],
    ['the beginning of a key', `Bearer ${FULL_KEY.slice(0, -1)}`],
    ['two keys', `Bearer ${FULL_KEY} ${FULL_KEY}`],
    ['a key of 4,000 characters', `Bearer ${'x'.repeat(4000)}`],
  ])('%s: 401, all alike', async (_name, header) => {
    const asked = request(world.server).post('/v1/captures').send('{broken');
    const answer = await (header === undefined ? asked : asked.set('authorization', header));
    expect(problem(answer)).toEqual({ status: 401, code: 'unauthorized' });
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="tonewall"');
    expect(answer.text).toBe((await request(world.server).get('/v1/calls')).text);
  });

  it.each([
    '/',
    '/v1',
    '/v1/nothing',
    '/V1/calls',
    '/v1/calls/',
    '/v1/calls/%zz',
    '/v1/calls/call_unknown',
    `/v1/calls/${'x'.repeat(65)}`,
    '/v1/calls/..%2f..%2fetc',
    '/v1/captures/__proto__',
    '/v1/tokens/tnw_unknown',
    '/v1/charges/chg_unknown',
  ])('GET %s: 404', async (path) => {
    expect(problem(await get(path))).toEqual({ status: 404, code: 'not_found' });
  });

  it.each(['call_unknown', '../calls', CARD, 'CAffffffffffffffffffffffffffffffff'])(
    'arming on the call %s: 404',
    async (call) => {
      expect(problem(await post('/v1/captures').send({ call }))).toEqual({ status: 404, code: 'not_found' });
      expect(world.calls.armed.map((request) => request.call)).not.toContain(CARD);
    },
  );

  it('a field that has no such name: 404', async () => {
    expect(problem(await post(`/v1/captures/${CAPTURE_ID}/fields/pin/clear`))).toEqual({
      status: 404,
      code: 'not_found',
    });
  });

  it.each([
    ['put', '/v1/captures', 'POST, GET, HEAD, OPTIONS'],
    ['delete', '/v1/captures', 'POST, GET, HEAD, OPTIONS'],
    ['get', `/v1/captures/${CAPTURE_ID}/cancel`, 'POST, OPTIONS'],
    ['post', `/v1/tokens/${TOKEN}`, 'GET, DELETE, HEAD, OPTIONS'],
    ['post', '/healthz', 'GET, HEAD, OPTIONS'],
    ['delete', '/openapi.json', 'GET, HEAD, OPTIONS'],
  ] as const)('%s %s: 405', async (method, path, allow) => {
    const answer = await request(world.server)[method](path);
    expect(problem(answer)).toEqual({ status: 405, code: 'method_not_allowed' });
    expect(answer.headers['allow']).toBe(allow);
  });

  it.each([
    ['since=yesterday', 'since', 'must be an RFC 3339 time with its zone'],
    ['since=2026-02-30T00:00:00Z', 'since', 'must be an RFC 3339 time with its zone'],
    ['cursor=%00', 'cursor', 'does not have the right form'],
    ['limit=0', 'limit', 'must be from 1 to 100'],
    ['limit=101', 'limit', 'must be from 1 to 100'],
    ['limit=1e2', 'limit', 'does not have the right form'],
    ['limit=1&limit=2', 'limit', 'must be a string'],
    ['page=2', 'page', 'is not known'],
  ])('?%s: 400', async (query, path, message) => {
    expect(problem(await get(`/v1/captures?${query}`))).toEqual(wrong(path, message));
    expect(problem(await get(`/v1/events?${query}`))).toEqual(wrong(path, message));
  });

  it.each([
    ['no_provider', 400, undefined],
    ['call_not_live', 409, undefined],
    ['capture_in_progress', 409, undefined],
    ['capture_over', 409, undefined],
    ['draining', 503, '5'],
    ['redis_unavailable', 503, '2'],
    ['vault_unavailable', 503, '2'],
    ['carrier_failed', 502, undefined],
  ] as const)('%s from below: %i', async (code, status, retryAfter) => {
    world.calls.fault = new AppError(code, 'a plain sentence');
    const answer = await arm({});
    expect(problem(answer)).toEqual({ status, code });
    expect(answer.headers['retry-after']).toBe(retryAfter);
  });

  it.each(['internal', 'config_invalid'] satisfies ErrorCode[])(
    '%s says nothing of the inside',
    async (code) => {
      world.calls.fault = new AppError(code, 'inside knowledge', {
        errors: [{ path: 'inside', message: 'knowledge' }],
      });
      const answer = await arm({});
      expect(problem(answer)).toEqual({ status: 500, code });
      expect(answer.text).not.toContain('knowledge');
    },
  );

  it('an error nobody foresaw: 500, its text neither told nor logged', async () => {
    world.calls.fault = new TypeError(`cannot read ${CARD}`) as AppError;
    const answer = await arm({});
    expect(problem(answer)).toEqual({ status: 500, code: 'internal' });
    expect(answer.text + JSON.stringify(world.lines)).not.toContain('4242');
    expect(world.lines).toContainEqual({
      fields: { route: '/v1/captures', status: 500, code: 'TypeError' },
      message: 'http request failed',
    });
  });

  it('not ready: 503 that names what is missing', async () => {
    world.missing.push(
      { path: 'redis', message: 'does not answer' },
      { path: 'keys', message: 'are not loaded' },
    );
    const answer = await request(world.server).get('/readyz');
    expect(problem(answer)).toEqual({
      status: 503,
      code: 'not_ready',
      errors: [
        { path: 'redis', message: 'does not answer' },
        { path: 'keys', message: 'are not loaded' },
      ],
    });
    expect(answer.body.detail).toBe('not ready: redis, keys');
    expect(answer.headers['retry-after']).toBe('2');
  });
});

function digitsOf(text: string): string {
  return text.replaceAll(/\D/g, '');
}
