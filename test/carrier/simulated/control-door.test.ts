import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { systemClock } from '../../../src/clock.js';
import type { SimulatedCarrier } from '../../../src/carrier/simulated/simulated-carrier.js';
import { DEFAULT_SETTINGS } from '../../../src/carrier/simulated/simulator-settings.js';
import { ACCOUNT_SID, AUTH_TOKEN, startCarrier } from '../../support/carrier.js';
import { Customer } from './customer.js';

const NUMBER = '+33123456789';
const CALLER = '+33612345678';
const AGENT = 'sip:agent@example.com';

let customer: Customer;
let carrier: SimulatedCarrier;
let base: string;
let dir: string;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'recordings-'));
  customer = new Customer();
  await customer.listen();
  ({ carrier, url: base } = await startCarrier({ recordings: { dir, encode: (mulaw) => mulaw } }));
  carrier.number(NUMBER, { voiceUrl: customer.url('/voice') });
  customer.answers('/voice', `<Connect><Stream url="${customer.streamUrl()}"/></Connect>`);
});

afterEach(async () => {
  await carrier.close();
  await customer.close();
  rmSync(dir, { recursive: true });
});

/** `node:http`, because `fetch` may not set Host and Origin. */
async function send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const outgoing = request(`${base}${path}`, {
    method,
    headers: { ...(body !== undefined && { 'Content-Type': 'application/json' }), ...headers },
  });
  outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = (await once(outgoing, 'response')) as [import('node:http').IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return {
    status: response.statusCode,
    body: JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>,
  };
}

describe('the control door', () => {
  it('shows and changes the switches', async () => {
    expect((await send('GET', '/simulator/settings')).body).toEqual({
      ...DEFAULT_SETTINGS,
      sayMsPerCharacter: 0,
    });

    const { body } = await send('PATCH', '/simulator/settings', {
      tones: { clippedAfterMs: 40 },
      events: 'doubled',
      eventDelayMs: -100,
    });

    expect(body).toMatchObject({
      tones: { clippedAfterMs: 40 },
      events: 'doubled',
      eventDelayMs: -100,
      jitterMs: 0,
    });
    expect(carrier.settings).toEqual(body);
  });

  it.each([
    [{ tones: 'loud' }, 'tones'],
    [{ eventDelayMs: -2001 }, 'eventDelayMs'],
    [{ __proto__x: 1 }, 'body'],
  ])('refuses %j and changes nothing', async (patch, member) => {
    const answer = await send('PATCH', '/simulator/settings', patch);

    expect(answer).toEqual({ status: 400, body: { status: 400, message: `not valid: ${member}` } });
    expect(carrier.settings).toEqual({ ...DEFAULT_SETTINGS, sayMsPerCharacter: 0 });
  });

  it('shows the debugger', async () => {
    carrier.debug.note(11200, 'CA1', 'http://example.com');

    expect((await send('GET', '/simulator/debugger')).body).toEqual({
      entries: [
        {
          at: expect.any(String),
          code: 11200,
          message: 'the webhook answered with an error status, or its answer broke off',
          call_sid: 'CA1',
          detail: 'http://example.com',
        },
      ],
    });
  });

  it.each([
    ['a page of another host', { Origin: 'https://evil.example' }],
    ['a page that hides where it is from', { Origin: 'null' }],
    ['a name that was bent to this machine', { Host: 'evil.example' }],
  ])('refuses %s', async (_what, headers) => {
    expect((await send('GET', '/simulator/settings', undefined, headers)).status).toBe(403);

    const socket = new WebSocket(`${base.replace('http', 'ws')}/simulator/phones/${CALLER}`, { headers });
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain('403');
  });

  it('takes pages of this machine, on any port', async () => {
    expect(
      (await send('GET', '/simulator/settings', undefined, { Origin: 'http://localhost:8080' })).status,
    ).toBe(200);
  });

  it.each([
    ['GET', '/simulator/nothing', undefined, 404],
    ['GET', '/simulator/scripted-calls/CA0', undefined, 404],
    ['POST', '/simulator/scripted-calls', { from: '1' }, 400],
    ['PATCH', '/simulator/settings', 'x'.repeat(20_000), 413],
  ])('answers %s %s with JSON', async (method, path, body, status) => {
    expect(await send(method, path, body)).toMatchObject({
      status,
      body: { status, message: expect.any(String) },
    });
  });
});

const script = { from: CALLER, to: NUMBER, agent: AGENT, card: 'visa' };

describe('a scripted call', () => {
  it('keys a test card, answers for the agent, and leaves both sides as files', async () => {
    const placed = await send('POST', '/simulator/scripted-calls', script);
    expect(placed).toMatchObject({
      status: 201,
      body: { status: 'ringing', agent_call_sid: null, recordings: null },
    });
    const path = `/simulator/scripted-calls/${String(placed.body['call_sid'])}`;
    const caller = await customer.stream();
    await caller.until('start');

    const agentCall = new Promise<{ sid: string; reached: (status: 'in-progress') => Promise<void> }>(
      (resolve) => carrier.phone(AGENT).onRing(resolve),
    );
    await dialAgent();
    const agentPhone = await agentCall;
    await agentPhone.reached('in-progress');
    await (await customer.stream(2)).until('start');

    const keyed = await send('POST', `${path}/keys`, {
      steps: [{ press: 'number', first: 3 }, { wait_ms: 40 }, { press: '#' }],
    });
    expect(keyed.body).toMatchObject({ status: 'in-progress', agent_call_sid: agentPhone.sid });
    const digits = caller.of('dtmf').map(({ dtmf }) => (dtmf as { digit: string }).digit);
    expect(digits).toEqual(['4', '2', '4', '#']);

    const { body } = await send('POST', `${path}/end`);
    const files = body['recordings'] as { caller_sent: string; agent_heard: string };
    expect(body['status']).toBe('completed');
    expect(readdirSync(dir)).toHaveLength(2);
    const [sent, heard] = [readFileSync(files.caller_sent), readFileSync(files.agent_heard)];
    // Four keys of 100 ms and as much pause, and nothing that the agent heard.
    expect(sent.filter((byte) => byte !== 0xff).length).toBeGreaterThan(2000);
    expect(heard.every((byte) => byte === 0xff)).toBe(true);
    expect(Math.abs(sent.length - heard.length)).toBeLessThanOrEqual(320);
    expect((await send('GET', path)).body).toEqual(body);
  });

  it.each([
    ['a card that is not published', { ...script, card: '4000' }, 'card'],
    ['a caller that is no address', { ...script, from: 'x' }, 'from'],
  ])('with %s is refused', async (_what, body, member) => {
    expect(await send('POST', '/simulator/scripted-calls', body)).toMatchObject({
      status: 400,
      body: { message: `not valid: ${member}` },
    });
  });

  it('leaves the calls of others alone', async () => {
    const placed = await send('POST', '/simulator/scripted-calls', script);
    const ringing = new Promise((resolve) => carrier.phone(AGENT).onRing(resolve));

    await dialAgent('+33612345679');
    await ringing;

    const path = `/simulator/scripted-calls/${String(placed.body['call_sid'])}`;
    expect((await send('GET', path)).body).toMatchObject({ agent_call_sid: null });
  });

  it('that is forgotten hangs up after five minutes', async () => {
    const hasty = await startCarrier({
      clock: { ...systemClock, after: (ms, task) => systemClock.after(ms === 300_000 ? 1 : ms, task) },
    });
    hasty.carrier.number(NUMBER, { voiceUrl: customer.url('/voice') });
    base = hasty.url;

    const placed = await send('POST', '/simulator/scripted-calls', script);
    const path = `/simulator/scripted-calls/${String(placed.body['call_sid'])}`;
    await send('POST', `${path}/keys`, { steps: [{ wait_ms: 10_000 }] });

    expect((await send('GET', path)).body['status']).toMatch(/completed|no-answer/);
    await hasty.carrier.close();
  });

  it('takes no digits in its steps', async () => {
    const placed = await send('POST', '/simulator/scripted-calls', script);
    const path = `/simulator/scripted-calls/${String(placed.body['call_sid'])}/keys`;

    expect((await send('POST', path, { steps: [{ press: '4242' }] })).status).toBe(400);
  });

  it('of which twenty are up is refused', async () => {
    for (let i = 0; i < 20; i++) {
      expect((await send('POST', '/simulator/scripted-calls', script)).status).toBe(201);
    }

    expect((await send('POST', '/simulator/scripted-calls', script)).status).toBe(429);
  });
});

/** What the customer's service does for its agent. */
async function dialAgent(from = CALLER): Promise<void> {
  const response = await fetch(`${base}/2010-04-01/Accounts/${ACCOUNT_SID}/Calls.json`, {
    method: 'POST',
    headers: { Authorization: `Basic ${Buffer.from(`${ACCOUNT_SID}:${AUTH_TOKEN}`).toString('base64')}` },
    body: new URLSearchParams({ To: AGENT, From: from, Url: customer.url('/voice') }),
  });
  expect(response.status).toBe(201);
}
