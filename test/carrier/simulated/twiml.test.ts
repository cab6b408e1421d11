import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import twilio from 'twilio';
import type { PhoneCall } from '../../../src/carrier/simulated/phone.js';
import type { SimulatedCarrier } from '../../../src/carrier/simulated/simulated-carrier.js';
import { ACCOUNT_SID, AUTH_TOKEN, record, startCarrier } from '../../support/carrier.js';
import { Customer } from './customer.js';

const NUMBER = '+33123456789';
const CALLER = '+33612345678';

let customer: Customer;
let carrier: SimulatedCarrier;

beforeEach(async () => {
  customer = new Customer();
  await customer.listen();
  ({ carrier } = await startCarrier());
  carrier.number(NUMBER, { voiceUrl: customer.url('/voice') });
});

afterEach(async () => {
  await carrier.close();
  await customer.close();
});

function dial(): { call: PhoneCall; said: [string, string][] } {
  const call = carrier.phone(CALLER).call(NUMBER);
  const said: [string, string][] = [];
  call.on('said', (text, language) => said.push([text, language]));
  return { call, said };
}

function codes(): number[] {
  return carrier.debug.entries.map(({ code }) => code);
}

describe('the voice webhook', () => {
  it('carries the parameters of a call, signed so that the twilio package accepts it', async () => {
    customer.answers('/voice', '<Hangup/>');

    const { call } = dial();
    const [request] = await customer.until('/voice');

    expect(request?.headers['content-type']).toBe('application/x-www-form-urlencoded; charset=UTF-8');
    expect(request?.headers['i-twilio-idempotency-token']).toMatch(/^[0-9a-f-]{36}$/);
    expect(request?.parameters).toMatchObject({
      CallSid: call.sid,
      AccountSid: ACCOUNT_SID,
      ApiVersion: '2010-04-01',
      From: CALLER,
      To: NUMBER,
      Caller: CALLER,
      Called: NUMBER,
      CallStatus: 'ringing',
      Direction: 'inbound',
      FromCity: '',
    });
    const signature = String(request?.headers['x-twilio-signature']);
    const parameters = request?.parameters ?? {};
    expect(twilio.validateRequest(AUTH_TOKEN, signature, customer.url('/voice'), parameters)).toBe(true);
  });

  it.each([
    ['wrong', (signature: unknown) => typeof signature === 'string'],
    ['missing', (signature: unknown) => signature === undefined],
  ] as const)('has a %s signature when told so', async (fault, shape) => {
    carrier.settings.signature = fault;
    customer.answers('/voice', '<Hangup/>');

    dial();
    const [request] = await customer.until('/voice');

    const signature = request?.headers['x-twilio-signature'];
    expect(shape(signature)).toBe(true);
    const valid = twilio.validateRequest(
      AUTH_TOKEN,
      String(signature),
      customer.url('/voice'),
      request?.parameters ?? {},
    );
    expect(valid).toBe(false);
  });

  it('passes on the headers of a SIP telephone', async () => {
    customer.answers('/voice', '<Hangup/>');

    carrier.phone('sip:desk@example.com').call(NUMBER, { headers: { 'X-Queue': 'a' } });
    const [request] = await customer.until('/voice');

    expect(request?.parameters).toMatchObject({ From: 'sip:desk@example.com', 'SipHeader_X-Queue': 'a' });
  });

  it.each<[string, Parameters<Customer['answers']>[1], number]>([
    ['an error status', { status: 500 }, 11200],
    ['a redirection', { status: 302 }, 11200],
    ['broken XML', { body: '<Response><Say>' }, 12100],
    ['another root', { body: '<Reply/>' }, 12100],
    ['an empty body', { body: '' }, 12100],
    ['another content type', { type: 'text/html', body: '<Response/>' }, 12300],
    ['more than 64 KiB', { body: `<Response><Say>${'a'.repeat(65_536)}</Say></Response>` }, 11750],
  ])('that answers %s: an apology, and the code in the debugger', async (_what, answer, code) => {
    customer.answers('/voice', answer);

    const { call, said } = dial();
    await call.reached('completed');

    expect(said).toEqual([['We are sorry, an application error has occurred. Goodbye.', 'en-US']]);
    expect(carrier.debug.entries).toMatchObject([{ code, call_sid: call.sid }]);
  });

  it('that nobody listens to is tried twice, then the fallback is asked', async () => {
    const gone = new Customer();
    await gone.listen();
    const nowhere = gone.url('/voice');
    await gone.close();
    carrier.number(NUMBER, { voiceUrl: nowhere, fallbackUrl: customer.url('/fallback') });
    customer.answers('/fallback', '<Say>sorry</Say>');

    const { call, said } = dial();
    await call.reached('completed');

    expect(customer.to('/fallback')).toMatchObject([
      { parameters: { CallSid: call.sid, ErrorCode: '11205', ErrorUrl: nowhere } },
    ]);
    expect(said).toEqual([['sorry', 'en-US']]);
  });

  it('is sent again with the same idempotency token where the URL says so', async () => {
    let left = 2;
    customer.answers('/voice', () => (left-- > 0 ? { status: 503 } : '<Hangup/>'));
    carrier.number(NUMBER, { voiceUrl: `${customer.url('/voice')}#rc=2&rp=5xx` });

    const { call } = dial();
    await call.reached('completed');

    const tokens = customer.to('/voice').map(({ headers }) => headers['i-twilio-idempotency-token']);
    expect(tokens).toHaveLength(3);
    expect(new Set(tokens).size).toBe(1);
    expect(codes()).toEqual([]);
  });

  it('that does not answer in time fails', async () => {
    customer.answers('/voice', { hangs: true });
    carrier.number(NUMBER, { voiceUrl: `${customer.url('/voice')}#rt=100` });

    const { call } = dial();
    await call.reached('completed');

    expect(codes()).toEqual([11200]);
  });

  it('of a caller who hangs up meanwhile is not asked for more', async () => {
    customer.answers('/voice', '<Redirect>/again</Redirect>');

    const { call } = dial();
    call.hangUp();
    await customer.until('/voice');

    expect(call.status).toBe('no-answer');
    expect(customer.to('/again')).toHaveLength(0);
  });
});

describe('TwiML', () => {
  it('runs verb by verb, then hangs up', async () => {
    customer.answers(
      '/voice',
      '<Say language="fr-FR">Bonjour &amp; merci</Say><Pause length="0"/><Say>Bye</Say>',
    );

    const { call, said } = dial();
    await call.reached('completed');

    expect(said).toEqual([
      ['Bonjour & merci', 'fr-FR'],
      ['Bye', 'en-US'],
    ]);
  });

  it('says a sentence as often as loop asks', async () => {
    customer.answers('/voice', '<Say loop="3">a</Say>');

    const { call, said } = dial();
    await call.reached('completed');

    expect(said).toHaveLength(3);
  });

  it('takes as long to say a sentence as its length asks for', async () => {
    carrier.settings.sayMsPerCharacter = 10;
    customer.answers('/voice', `<Say>${'a'.repeat(10)}</Say>`);

    const { call } = dial();
    await call.reached('in-progress');
    const heard = record(call);
    await call.reached('completed');

    expect(heard.bytes().length).toBeGreaterThanOrEqual(4 * 160);
  });

  it('follows a redirect, relative or absolute, and runs nothing after it', async () => {
    customer.answers('/voice', '<Redirect method="GET">/second?a=1</Redirect><Say>never</Say>');
    customer.answers('/second', () => `<Redirect>${customer.url('/third')}</Redirect>`);
    customer.answers('/third', '<Say>there</Say>');

    const { call, said } = dial();
    await call.reached('completed');

    const [second] = customer.to('/second');
    expect(second).toMatchObject({ method: 'GET', parameters: { a: '1', CallSid: call.sid } });
    expect(customer.to('/third')).toMatchObject([{ method: 'POST' }]);
    expect(said).toEqual([['there', 'en-US']]);
  });

  it('signs a GET over the whole URL', async () => {
    customer.answers('/voice', '<Redirect method="GET">/second</Redirect>');
    customer.answers('/second', '<Hangup/>');

    dial();
    const [request] = await customer.until('/second');

    const query = new URLSearchParams(request?.parameters).toString();
    const signature = String(request?.headers['x-twilio-signature']);
    expect(twilio.validateRequest(AUTH_TOKEN, signature, `${customer.url('/second')}?${query}`, {})).toBe(
      true,
    );
  });

  it('ends a redirect that leads to itself', async () => {
    customer.answers('/voice', '<Redirect>/voice</Redirect>');

    const { call } = dial();
    await call.reached('completed');

    expect(codes()).toEqual([11200]);
  });

  it('skips a verb that it does not know, and notes it', async () => {
    customer.answers('/voice', '<Dance/><Connect><Robot/></Connect><Say>on</Say>');

    const { call, said } = dial();
    await call.reached('completed');

    expect(carrier.debug.entries).toMatchObject([
      { code: 12200, detail: 'Dance' },
      { code: 12200, detail: 'Connect: Robot' },
    ]);
    expect(said).toEqual([['on', 'en-US']]);
  });

  it('answers the call at the first verb that needs it, but for Pause and Reject', async () => {
    customer.answers('/voice', '<Pause length="0"/><Reject reason="busy"/>');

    const { call } = dial();
    const statuses: string[] = [];
    call.on('status', (status) => statuses.push(status));
    await call.reached('busy');

    expect(statuses).toEqual(['busy']);
  });

  it('plays digits to the party', async () => {
    customer.answers('/voice', '<Play digits="5"/>');

    const { call } = dial();
    await call.reached('in-progress');
    const heard = record(call);
    await call.reached('completed');

    expect(heard.bytes().filter((byte) => byte !== 0xff).length).toBeGreaterThan(800);
  });

  it.each([
    ['numDigits', '<Gather action="/digits" numDigits="2"/>', '127', '12'],
    ['finishOnKey', '<Gather action="/digits"/>', '12#', '12'],
    ['timeout', '<Gather action="/digits" timeout="0.3"/>', '12', '12'],
    [
      'a prompt that a key cuts short',
      '<Gather action="/digits" numDigits="1"><Pause length="30"/></Gather>',
      '7',
      '7',
    ],
  ])('gathers keys until %s', async (_what, gather, keys, digits) => {
    customer.answers('/voice', gather);
    customer.answers('/digits', '<Hangup/>');

    const { call } = dial();
    await call.reached('in-progress');
    void call.press(keys, { onMs: 40, offMs: 40 });
    await call.reached('completed');

    expect(customer.to('/digits')).toMatchObject([{ parameters: { Digits: digits } }]);
  });

  it('goes on behind a gather that heard nothing', async () => {
    customer.answers('/voice', '<Gather action="/digits" timeout="0"/><Say>nothing</Say>');

    const { call, said } = dial();
    await call.reached('completed');

    expect(said).toEqual([['nothing', 'en-US']]);
    expect(customer.to('/digits')).toHaveLength(0);
  });

  it('goes on with the next verb when a stream without an action is over', async () => {
    customer.answers('/voice', `<Connect><Stream url="${customer.streamUrl()}"/></Connect><Say>after</Say>`);

    const { call, said } = dial();
    const stream = await customer.stream();
    await stream.until('start');
    stream.socket.close();
    await call.reached('completed');

    expect(said).toEqual([['after', 'en-US']]);
  });

  it.each<[string, () => string, number]>([
    ['a query string', () => `${customer.streamUrl()}?a=1`, 31920],
    ['http', () => customer.url('/media'), 31922],
    ['ws to a foreign host', () => 'ws://voice.example.test/media', 31922],
    ['no URL', () => '', 31941],
    ['TLS that is none', () => customer.streamUrl().replace('ws:', 'wss:'), 31910],
  ])('notes a stream with %s, and goes to the action', async (_what, url, code) => {
    customer.answers('/voice', () => `<Connect action="/over"><Stream url="${url()}"/></Connect>`);
    customer.answers('/over', '<Hangup/>');

    const { call } = dial();
    await call.reached('completed');

    expect(codes()).toEqual([code]);
    expect(customer.to('/over')).toHaveLength(1);
  });

  it('notes a handshake that was refused, and tells the stream callback', async () => {
    customer.refuseStreams = 403;
    const noun = `<Stream url="${customer.streamUrl()}" name="n" statusCallback="${customer.url('/stream')}"/>`;
    customer.answers('/voice', `<Connect>${noun}</Connect>`);
    customer.answers('/stream', { status: 204 });

    const { call } = dial();
    await call.reached('completed');
    const [callback] = await customer.until('/stream');

    expect(carrier.debug.entries).toMatchObject([{ code: 31920, detail: 'status 403' }]);
    expect(callback?.parameters).toMatchObject({
      CallSid: call.sid,
      StreamName: 'n',
      StreamEvent: 'stream-error',
      StreamError: 'the stream server did not answer 101',
    });
  });

  it('tells the stream callback of start and stop', async () => {
    const noun = `<Stream url="${customer.streamUrl()}" statusCallback="${customer.url('/stream')}"/>`;
    customer.answers('/voice', `<Connect>${noun}</Connect>`);
    customer.answers('/stream', { status: 204 });

    const { call } = dial();
    const stream = await customer.stream();
    await stream.until('start');
    await customer.until('/stream');
    const closed = once(stream, 'closed');
    call.hangUp();
    await closed;

    const callbacks = await customer.until('/stream', 2);
    expect(callbacks.map(({ parameters }) => parameters['StreamEvent'])).toEqual([
      'stream-started',
      'stream-stopped',
    ]);
    expect(callbacks.map(({ parameters }) => parameters['StreamSid'])).toEqual([
      stream.streamSid,
      stream.streamSid,
    ]);
  });
});
