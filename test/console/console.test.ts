import { request as httpRequest, type IncomingMessage } from 'node:http';
import { mkdtempSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { OUTCOMES } from '../../src/capture/view.js';
import { createConsole, type ConsoleOptions } from '../../src/console/console.js';
import { MAX_FEEDS } from '../../src/console/page-feed.js';
import { AppError } from '../../src/errors.js';
import { FakeDesk } from '../support/fake-desk.js';
import {
  CALL,
  CALL_ID,
  CAPTURE,
  CAPTURE_ID,
  FakeLinks,
  startHttpWorld,
  type HttpWorld,
} from '../support/http-world.js';
import { ManualClock } from '../support/manual-clock.js';

const SOFTPHONE = 'ws://127.0.0.1:8081/simulator/phones/client%3Aagent';
const OWN = { 'sec-fetch-site': 'same-origin' };

const webRoot = mkdtempSync(join(tmpdir(), 'tonewall-web-'));
mkdirSync(join(webRoot, 'console/web'), { recursive: true });
mkdirSync(join(webRoot, 'assets'));
writeFileSync(join(webRoot, 'console/web/agent.html'), '<!doctype html><title>the page</title>');
writeFileSync(join(webRoot, 'assets/agent-abc.js'), 'the code');

const desk = new FakeDesk();
const clock = new ManualClock();

async function startConsole(replace: Partial<ConsoleOptions> = {}): Promise<HttpWorld> {
  const router = createConsole({
    calls: desk,
    links: new FakeLinks(),
    merchant: 'default',
    clock,
    live: false,
    softphoneUrl: SOFTPHONE,
    outcomes: OUTCOMES,
    webRoot,
    ...replace,
  });
  return startHttpWorld({ calls: desk, clock, mounts: [{ path: '/console', router }] });
}

/** A console of its own for one test, closed whatever happens. */
async function withConsole(
  replace: Partial<ConsoleOptions>,
  use: (url: string) => Promise<void>,
): Promise<void> {
  const world = await startConsole(replace);
  try {
    await use(world.url);
  } finally {
    await world.close();
  }
}

describe('the console', () => {
  let world: HttpWorld;
  beforeAll(async () => (world = await startConsole()));
  afterAll(() => world.close());

  it('serves the page under a policy that allows its own code and the telephone alone', async () => {
    const page = await request(world.url).get('/console/');
    expect(page.status).toBe(200);
    expect(page.text).toContain('the page');
    expect(page.headers['content-security-policy']).toBe(
      "default-src 'none';script-src 'self';style-src 'self';img-src 'self';" +
        "connect-src 'self' ws://127.0.0.1:8081;base-uri 'none';form-action 'none';frame-ancestors 'none';" +
        "require-trusted-types-for 'script';trusted-types lit-html",
    );
    expect(page.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'cache-control': 'no-store',
      'permissions-policy': 'camera=(), geolocation=(), microphone=(self)',
    });
  });

  it('sends /console to /console/, whose addresses are relative', async () => {
    const answer = await request(world.url).get('/console?a=b');
    expect([answer.status, answer.headers['location']]).toEqual([308, '/console/?a=b']);
  });

  it('lets browsers keep assets, whose names change with what is in them', async () => {
    const asset = await request(world.url).get('/console/assets/agent-abc.js');
    expect([asset.status, asset.headers['cache-control']]).toEqual([
      200,
      'public, max-age=31536000, immutable',
    ]);
    expect((await request(world.url).get('/console/assets/../console/web/agent.html')).status).toBe(404);
  });

  it('says that the pages are not built', () =>
    withConsole({ webRoot: join(webRoot, 'nowhere') }, async (url) => {
      const page = await request(url).get('/console/');
      expect([page.status, (page.body as { detail: string }).detail]).toEqual([
        404,
        'the pages are not built: npm run build',
      ]);
    }));

  it('is not there on a live service', () =>
    withConsole({ live: true }, async (url) => {
      for (const path of ['/console', '/console/', '/console/assets/agent-abc.js', '/console/desk']) {
        expect((await request(url).get(path).set(OWN).timeout(2000)).status).toBe(404);
      }
      expect((await request(url).post('/console/captures').set(OWN).send({ call: CALL_ID })).status).toBe(
        404,
      );
    }));

  it('arms a capture', async () => {
    const body = { call: CALL_ID, reference: 'Order 1042', amount: 1250, currency: 'EUR' };
    const answer = await request(world.url).post('/console/captures').set(OWN).send(body);
    expect([answer.status, (answer.body as { id: string }).id]).toEqual([200, CAPTURE_ID]);
    expect(desk.armed.at(-1)).toEqual({
      ...body,
      outcome: 'token',
      usage: 'many',
      fields: null,
      agent: null,
      purpose: 'single',
      consent: null,
      metadata: {},
      receipt: null,
    });
  });

  it.each([
    ['a card number as reference', { call: CALL_ID, reference: '4242 4242 4242 4242' }],
    ['an amount without its currency', { call: CALL_ID, amount: 1250 }],
    ['a member of the API that the page does not use', { call: CALL_ID, outcome: 'charge' }],
    ['no call', {}],
  ])('refuses %s', async (_what, body) => {
    const armed = desk.armed.length;
    const answer = await request(world.url).post('/console/captures').set(OWN).send(body);
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain('4242');
    expect(desk.armed).toHaveLength(armed);
  });

  it('cancels, gives more time and asks for a field again', async () => {
    for (const path of ['cancel', 'extend', 'fields/expiration-date/clear']) {
      const answer = await request(world.url)
        .post(`/console/captures/${CAPTURE_ID}/${path}`)
        .set(OWN)
        .send({});
      expect([path, answer.status, (answer.body as { id: string }).id]).toEqual([path, 200, CAPTURE.id]);
    }
    const unknown = await request(world.url)
      .post(`/console/captures/${CAPTURE_ID}/fields/pin/clear`)
      .set(OWN)
      .send({});
    expect(unknown.status).toBe(404);
  });

  it('answers with the code of what went wrong', async () => {
    desk.fault = new AppError('capture_over', 'the capture is over');
    const answer = await request(world.url).post(`/console/captures/${CAPTURE_ID}/extend`).set(OWN).send({});
    desk.fault = null;
    expect([answer.status, (answer.body as { code: string }).code]).toEqual([409, 'capture_over']);
  });

  it.each([
    ['another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['another port of this machine', { 'sec-fetch-site': 'same-site', origin: 'http://127.0.0.1:1' }],
    ['a foreign origin that claims to be ours', { ...OWN, origin: 'https://evil.example' }],
    ['no browser', {}],
    ['a name that was made to lead here', { ...OWN, host: 'evil.example' }],
  ])('takes no order from %s', async (_who, headers) => {
    const armed = desk.armed.length;
    const answer = await request(world.url).post('/console/captures').set(headers).send({ call: CALL_ID });
    expect(answer.status).toBe(404);
    expect((await request(world.url).get('/console/desk').set(headers)).status).toBe(404);
    expect(desk.armed).toHaveLength(armed);
  });

  it('takes JSON only, which no form can send', async () => {
    const answer = await request(world.url).post('/console/captures').set(OWN).type('text/plain').send('{}');
    expect(answer.status).toBe(415);
  });

  it('streams the start, the calls and their changes', async () => {
    desk.show({ call: CALL, capture: null, keying: false, choosing: false, deadline: null, attempts: 3 });
    const stream = await openDesk(world.url);
    expect(await stream.next()).toEqual({
      event: 'start',
      data: {
        now: '2026-01-01T00:00:00.000Z',
        softphone_url: SOFTPHONE,
        outcomes: OUTCOMES,
        link_channels: ['sms', 'email', 'spoken'],
      },
    });
    expect(await stream.next()).toMatchObject({
      event: 'call',
      data: { call: { id: CALL_ID }, capture: null },
    });
    desk.show({ call: CALL, capture: CAPTURE, keying: true, choosing: false, deadline: null, attempts: 3 });
    expect(await stream.next()).toMatchObject({ data: { keying: true, capture: { id: CAPTURE_ID } } });
    expect(desk.watched).toBe(1);
    await stream.close();
    expect(desk.watched).toBe(0);
  });

  it('has a bound on open pages, and room again when one closes', async () => {
    const streams = await Promise.all(Array.from({ length: MAX_FEEDS }, () => openDesk(world.url)));
    const refused = await request(world.url).get('/console/desk').set(OWN);
    expect([refused.status, (refused.body as { code: string }).code]).toEqual([503, 'too_many_streams']);
    await streams.pop()?.close();
    streams.push(await openDesk(world.url));
    await Promise.all(streams.map((stream) => stream.close()));
  });

  /** A page's event stream. `close` resolves when the service has noticed. */
  async function openDesk(url: string) {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      httpRequest(`${url}/console/desk`, { headers: OWN, agent: false }, resolve).on('error', reject).end();
    });
    expect(response.statusCode).toBe(200);
    response.on('error', () => {});
    const chunks = response.setEncoding('utf8')[Symbol.asyncIterator]() as AsyncIterator<string>;
    let text = '';
    return {
      async next(): Promise<{ event: string; data: unknown }> {
        for (;;) {
          const found = /event: (\w+)\ndata: (.*)\n\n/.exec(text);
          if (found?.[1] !== undefined && found[2] !== undefined) {
            text = text.slice(found.index + found[0].length);
            return { event: found[1], data: JSON.parse(found[2]) as unknown };
          }
          text += (await chunks.next()).value as string;
        }
      },
      async close(): Promise<void> {
        const left = desk.left();
        response.destroy();
        await left;
      },
    };
  }
});
