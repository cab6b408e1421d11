import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import express from 'express';
import request from 'supertest';
import { AppError } from '../../src/errors.js';
import type { EventLog } from '../../src/crm/event.js';
import type { Links } from '../../src/call/links.js';
import type { Charges } from '../../src/charge/charges.js';
import { apiRoutes } from '../../src/http/http.js';
import { problemSchema } from '../../src/http/problem.js';
import type { Route } from '../../src/http/route.js';
import type { Vault } from '../../src/vault/vault.js';
import {
  CALL,
  CALL_ID,
  CALLER_SID,
  CAPTURE,
  CAPTURE_ID,
  EVENT,
  FakeCalls,
  FOREIGN_KEY,
  FULL_KEY,
  keyWithout,
  NO_SCOPE_KEY,
  startHttpWorld,
  TOKEN,
  TOKEN_VIEW,
  type HttpWorld,
} from '../support/http-world.js';
import { NO_RECEIPTS } from '../support/no-receipts.js';

const routes = apiRoutes({
  ...{ calls: new FakeCalls(), vault: {} as Vault, charges: {} as Charges, events: {} as EventLog },
  receipts: NO_RECEIPTS,
  links: {} as Links,
});

let world: HttpWorld;
beforeAll(async () => {
  world = await startHttpWorld();
});
afterAll(() => world.close());

/** A request that the route takes, with one of the keys. */
function ask(route: Route, key: string) {
  const id = route.path.includes('/calls/') ? CALL_ID : CAPTURE_ID;
  const path = route.path
    .replace('{id}', id)
    .replace('{token}', TOKEN)
    .replace('{name}', 'payment-card-number');
  const asked = request(world.server)[route.method](path).set('authorization', `Bearer ${key}`);
  if (route.path === '/v1/receipts') asked.query({ of: CHARGE_ID });
  if (route.idempotent === 'required') asked.set('idempotency-key', 'a key');
  if (route.body === undefined) return asked;
  return asked.send(bodyOf(route));
}

function bodyOf(route: Route): object {
  if (route.path.startsWith('/v1/charges')) return chargeBodyOf(route);
  return route.path.endsWith('/link') ? { channel: 'spoken' } : { call: CALL_ID };
}

function chargeBodyOf({ path }: Route): object {
  return path === '/v1/charges' ? { token: TOKEN, amount: 1250, currency: 'EUR' } : {};
}

const CHARGE_ID = 'chg_AAAAAAAAAAAAAAAAAAAAAAAAAA';

const nameOf = ({ method, path }: Route) => `${method} ${path}`;
const named = (list: readonly Route[]) => list.map((route) => [nameOf(route), route] as const);

describe('every route', () => {
  it('is one of these, with its scope', () => {
    expect(Object.fromEntries(routes.map((route) => [nameOf(route), route.scope]))).toEqual({
      'get /v1/calls': 'captures:read',
      'get /v1/calls/{id}': 'captures:read',
      'post /v1/captures': 'captures:write',
      'get /v1/captures': 'captures:read',
      'get /v1/captures/{id}': 'captures:read',
      'post /v1/captures/{id}/cancel': 'captures:write',
      'post /v1/captures/{id}/extend': 'captures:write',
      'post /v1/captures/{id}/fields/{name}/clear': 'captures:write',
      'post /v1/captures/{id}/link': 'captures:write',
      'get /v1/captures/{id}/events': 'captures:read',
      'get /v1/tokens/{token}': 'tokens:read',
      'delete /v1/tokens/{token}': 'tokens:delete',
      'post /v1/charges': 'charges:write',
      'get /v1/charges/{id}': 'charges:write',
      'get /v1/charges/{id}/refunds': 'charges:write',
      'post /v1/charges/{id}/refunds': 'charges:write',
      'post /v1/charges/{id}/void': 'charges:write',
      'get /v1/events': 'events:read',
      'get /v1/receipts': 'charges:write',
    });
  });

  it.each(named(routes))('%s wants a key', async (_name, route) => {
    const answer = await ask(route, 'wrong');
    expect([answer.status, JSON.parse(answer.text).code]).toEqual([401, 'unauthorized']);
  });

  it.each(named(routes))('A15: %s wants its scope', async (_name, route) => {
    for (const key of [keyWithout(route.scope), NO_SCOPE_KEY]) {
      const answer = await ask(route, key);
      expect(problemSchema.parse(JSON.parse(answer.text))).toMatchObject({ status: 403, code: 'forbidden' });
      expect(answer.headers['www-authenticate']).toBe('Bearer error="insufficient_scope"');
    }
  });

  it.each(named(routes.filter(({ path, body }) => path.includes('{') || body)))(
    "A13: %s knows nothing of another merchant's",
    async (_name, route) => {
      const answer = await ask(route, FOREIGN_KEY);
      expect(answer.status).toBe(404);
    },
  );

  it.each(['/v1/calls', '/v1/captures', '/v1/events'])(
    "GET %s lists nothing of another merchant's",
    async (path) => {
      const answer = await request(world.server).get(path).set('authorization', `Bearer ${FOREIGN_KEY}`);
      expect(Object.values(answer.body)[0]).toEqual([]);
    },
  );

  it.each(named(routes.filter(({ stream }) => !stream)))(
    '%s answers as its schema says',
    async (_name, route) => {
      const answer = await ask(route, FULL_KEY);
      expect(answer.status).toBe(route.answer.status);
      if (route.answer.schema === null) return expect(answer.text).toBe('');
      expect(answer.headers['content-type']).toBe('application/json');
      expect(route.answer.schema.parse(answer.body)).toEqual(answer.body);
    },
  );
});

const get = (path: string) => request(world.server).get(path).set('authorization', `Bearer ${FULL_KEY}`);

describe('answers', () => {
  it('give a call by its id and by the SID of a leg', async () => {
    expect((await get(`/v1/calls/${CALL_ID}`)).body).toEqual(CALL);
    expect((await get(`/v1/calls/${CALLER_SID}`)).body).toEqual(CALL);
  });

  it('give a token, never more than may be shown', async () => {
    expect((await get(`/v1/tokens/${TOKEN}`)).body).toEqual(TOKEN_VIEW);
  });

  it('give an event without its merchant', async () => {
    const { merchant: _own, ...shown } = EVENT;
    expect((await get('/v1/events')).body).toEqual({ events: [shown], cursor: null });
  });

  it('say where a new capture is', async () => {
    const answer = await request(world.server)
      .post('/v1/captures')
      .set('authorization', `Bearer ${FULL_KEY}`)
      .send({
        call: CALLER_SID,
        reference: 'INV-2026-0042',
        amount: 1250,
        currency: 'EUR',
        agent: 'Léa',
        purpose: 'subscription',
        consent: { at: '2026-01-01T10:00:00+01:00', wording: 'I agree.' },
        metadata: { order: '42' },
        fields: null,
      });
    expect(answer.status).toBe(201);
    expect(answer.headers['location']).toBe(`/v1/captures/${CAPTURE_ID}`);
    expect(answer.body).toEqual({
      ...CAPTURE,
      reference: 'INV-2026-0042',
      amount: 1250,
      currency: 'EUR',
      agent: 'Léa',
      purpose: 'subscription',
      metadata: { order: '42' },
    });
    expect(world.calls.armed.at(-1)).toEqual({
      call: CALLER_SID,
      outcome: 'token',
      usage: 'many',
      fields: null,
      amount: 1250,
      currency: 'EUR',
      reference: 'INV-2026-0042',
      agent: 'Léa',
      purpose: 'subscription',
      consent: { at: '2026-01-01T10:00:00+01:00', wording: 'I agree.' },
      metadata: { order: '42' },
      receipt: null,
    });
  });

  it('pass a list on with its parameters, times in UTC', async () => {
    await get('/v1/captures?reference=INV-1&since=2026-01-01T10:00:00%2B01:00&cursor=abc-_&limit=7');
    expect(world.calls.queries.at(-1)).toEqual({
      reference: 'INV-1',
      since: '2026-01-01T09:00:00.000Z',
      cursor: 'abc-_',
      limit: 7,
    });
    await get('/v1/events');
    expect(world.events.queries.at(-1)).toEqual({ since: null, cursor: null, limit: 50 });
  });

  it('come with headers that let a browser do nothing', async () => {
    const { headers } = await get('/v1/calls');
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none';frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    });
    for (const name of ['x-powered-by', 'etag', 'access-control-allow-origin', 'set-cookie']) {
      expect(headers[name]).toBeUndefined();
    }
  });

  it('to HEAD are those to GET without the body', async () => {
    for (const path of ['/v1/calls', `/v1/captures/${CAPTURE_ID}/events`, '/docs', '/healthz']) {
      const answer = await request(world.server).head(path).set('authorization', `Bearer ${FULL_KEY}`);
      expect([path, answer.status, answer.text]).toEqual([path, 200, undefined]);
    }
  });

  it('to OPTIONS say what is allowed, and nothing of other origins', async () => {
    const answer = await request(world.server)
      .options('/v1/captures')
      .set('origin', 'https://example.com')
      .set('access-control-request-method', 'POST');
    expect([answer.status, answer.headers['allow']]).toEqual([204, 'POST, GET, HEAD, OPTIONS']);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it('of health need no key', async () => {
    expect((await request(world.server).get('/healthz')).body).toEqual({ status: 'alive' });
    expect((await request(world.server).get('/readyz')).body).toEqual({ status: 'ready' });
  });
});

describe('a door of another room', () => {
  it('is mounted beside, with its own policy, counted by its mount and its errors answered', async () => {
    const router = express.Router();
    router.get('/page', (_request, response) => {
      response.set('content-security-policy', "default-src 'self'").send('a page');
    });
    router.get('/broken', () => {
      throw new AppError('forbidden', 'not from there');
    });
    const other = await startHttpWorld({ mounts: [{ path: '/console', router }] });
    const page = await request(other.server).get('/console/page');
    expect([page.status, page.text, page.headers['content-security-policy']]).toEqual([
      200,
      'a page',
      "default-src 'self'",
    ]);
    expect((await request(other.server).get('/console/broken')).body).toMatchObject({ code: 'forbidden' });
    expect((await request(other.server).get('/console/none')).body).toMatchObject({ code: 'not_found' });
    expect(other.lines.map(({ fields }) => fields.route)).toEqual(['/console', '/console', '/console']);
    await other.close();
  });
});

describe('each request', () => {
  it('leaves one debug line and one count by its route, never its URL', async () => {
    world.lines.length = 0;
    world.metrics.httpRequests.reset();
    await get(`/v1/captures/${CAPTURE_ID}?`);
    await get('/v1/elsewhere/4242?secret=1');
    expect(world.lines).toEqual([
      {
        fields: { method: 'GET', route: '/v1/captures/{id}', status: 200, ms: 0 },
        message: 'http request',
      },
      { fields: { method: 'GET', route: 'other', status: 404, ms: 0 }, message: 'http request' },
    ]);
    expect(
      (await world.metrics.httpRequests.get()).values.map(({ labels, value }) => ({ ...labels, value })),
    ).toEqual([
      { route: '/v1/captures/{id}', status: '200', value: 1 },
      { route: 'other', status: '404', value: 1 },
    ]);
  });
});
