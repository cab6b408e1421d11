import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CallControl } from '../../../src/carrier/carrier.js';
import { createTwilioControl } from '../../../src/carrier/twilio/call-control.js';
import type { Clock } from '../../../src/clock.js';
import { createMetrics } from '../../../src/metrics.js';
import { ACCOUNT, CALLER, counted, LineLogger, TOKEN } from './harness.js';

interface Answer {
  status: number;
  body: object | string;
}

const CALL: Answer = { status: 201, body: { sid: CALLER, status: 'queued' } };
const fault = (status: number, code: number): Answer => ({
  status,
  body: { code, message: 'The number +33612345678 is wrong', more_info: '', status },
});

let server: Server;
let asked: string[];
let answers: Answer[];
let control: CallControl;
let log: LineLogger;
let metrics: ReturnType<typeof createMetrics>;
let credentials: string | undefined;
let pauses: number[];

/** Waits no time. */
const clock: Clock = {
  now: () => 0,
  monotonic: () => 0,
  after: (ms, task) => {
    pauses.push(ms);
    setImmediate(task);
    return () => {};
  },
};

beforeEach(async () => {
  [asked, answers, pauses] = [[], [], []];
  log = new LineLogger();
  metrics = createMetrics();
  server = createServer((request, response) => {
    let body = '';
    credentials = request.headers.authorization;
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      asked.push(`${request.method} ${request.url} ${body}`);
      const answer = answers.shift() ?? CALL;
      response.writeHead(answer.status, { 'Content-Type': 'application/json' });
      response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  control = open(`http://127.0.0.1:${(server.address() as AddressInfo).port}/carrier/`);
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

function open(apiUrl: string): CallControl {
  return createTwilioControl({
    accountSid: ACCOUNT,
    authTokens: [TOKEN, 'the old token'],
    apiUrl,
    publicUrl: 'https://voice.example.test/',
    clock,
    log,
    metrics,
  });
}

const request = { leg: 'leg_2', to: '+33123456789', from: '+33612345678', ringSeconds: 45 };
const CALLS = `/carrier/2010-04-01/Accounts/${ACCOUNT}/Calls`;

describe('a call that is placed', () => {
  it('asks the carrier to ring, and to tell how it goes', async () => {
    expect(await control.dial(request)).toBe(CALLER);
    const [method, path, form] = (asked[0] ?? '').split(' ');
    expect([asked.length, method, path]).toEqual([1, 'POST', `${CALLS}.json`]);
    const parameters = Array.from(new URLSearchParams(form), (pair) => pair.join(' '));
    expect(new Set(parameters)).toEqual(
      new Set([
        'From +33612345678',
        'Method POST',
        'StatusCallback https://voice.example.test/twilio/legs/leg_2/status',
        'StatusCallbackEvent answered',
        'StatusCallbackEvent completed',
        'StatusCallbackEvent initiated',
        'StatusCallbackEvent ringing',
        'StatusCallbackMethod POST',
        'Timeout 45',
        'To +33123456789',
        'Url https://voice.example.test/twilio/legs/leg_2/answer',
      ]),
    );
    expect(credentials).toBe(`Basic ${Buffer.from(`${ACCOUNT}:${TOKEN}`).toString('base64')}`);
    expect(await counted(metrics.carrierRequests, { outcome: 'ok' })).toBe(1);
  });

  it.each([
    ['sip:agent@pbx.example.test', 'sip:agent@pbx.example.test?X-Tonewall-Call=call_1&X-B=a%26b'],
    ['sip:agent@pbx.example.test?x=1', 'sip:agent@pbx.example.test?x=1&X-Tonewall-Call=call_1&X-B=a%26b'],
    ['client:anna', 'client:anna'],
  ])('to %s carries headers where it can', async (to, expected) => {
    await control.dial({ ...request, to, sipHeaders: { 'X-Tonewall-Call': 'call_1', 'X-B': 'a&b' } });
    expect(new URLSearchParams(asked[0]?.split(' ')[2]).get('To')).toBe(expected);
  });

  it('is tried again when the carrier was busy', async () => {
    answers = [fault(429, 20429), CALL];
    expect(await control.dial(request)).toBe(CALLER);
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['a server error', { status: 503, body: 'away' }, 'answered 503 (code Error)'],
    ['a wrong number', fault(400, 21211), 'answered 400 (code 21211)'],
    ['an answer without a SID', { status: 201, body: {} }, 'gave no answer (code TypeError)'],
  ])('is not tried again after %s: it might be placed twice', async (_what, answer, told) => {
    answers = [answer];
    await expect(control.dial(request)).rejects.toMatchObject({
      code: 'carrier_failed',
      message: `the carrier was asked to place a call and ${told}: look the code up in its documentation`,
    });
    expect(asked).toHaveLength(1);
    expect(await counted(metrics.carrierRequests, { outcome: 'failed' })).toBe(1);
    expect(log.lines.join()).not.toMatch(/\+33|0123456789abcdef/);
  });

  it('fails when the carrier is not there', async () => {
    const nowhere = open('http://127.0.0.1:1');
    await expect(nowhere.dial(request)).rejects.toMatchObject({
      code: 'carrier_failed',
      message: expect.stringContaining('gave no answer (code ECONNREFUSED)'),
    });
  });
});

describe('a call that is ended', () => {
  it('is completed, or cancelled before it is answered', async () => {
    answers = [{ status: 200, body: {} }, { status: 200, body: {} }]; // prettier-ignore
    await control.hangUp(CALLER);
    await control.cancel(CALLER);
    expect(asked).toEqual([
      `POST ${CALLS}/${CALLER}.json Status=completed`,
      `POST ${CALLS}/${CALLER}.json Status=canceled`,
    ]);
  });

  it.each([
    ['over', fault(400, 21220)],
    ['gone', fault(404, 20404)],
  ])('may be %s already', async (_what, answer) => {
    answers = [answer];
    await control.hangUp(CALLER);
    expect(asked).toHaveLength(1);
    expect(await counted(metrics.carrierRequests, { outcome: 'over' })).toBe(1);
  });

  it('is ended at the third try', async () => {
    answers = [fault(500, 20500), fault(502, 20500), { status: 200, body: {} }];
    await control.hangUp(CALLER);
    expect(asked).toHaveLength(3);
    expect(pauses).toEqual([250, 500]);
  });

  it('is given up after three', async () => {
    answers = [fault(500, 20500), fault(500, 20500), fault(500, 20500)];
    await expect(control.hangUp(CALLER)).rejects.toMatchObject({
      code: 'carrier_failed',
      message:
        'the carrier was asked to end a call and answered 500 (code 20500): look the code up in its documentation',
    });
    expect(asked).toHaveLength(3);
  });

  it('is not asked for again when the carrier refuses', async () => {
    answers = [fault(401, 20003)];
    await expect(control.cancel(CALLER)).rejects.toMatchObject({ code: 'carrier_failed' });
    expect(asked).toHaveLength(1);
  });
});
