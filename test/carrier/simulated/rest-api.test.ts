import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import twilio from 'twilio';
import RequestClient from 'twilio/lib/base/RequestClient.js';
import type { PhoneCall } from '../../../src/carrier/simulated/phone.js';
import type { SimulatedCarrier } from '../../../src/carrier/simulated/simulated-carrier.js';
import { ACCOUNT_SID, AUTH_TOKEN, startCarrier } from '../../support/carrier.js';
import { Customer, type Received } from './customer.js';
import { violations, type Schema } from './openapi.js';

const NUMBER = '+33123456789';
const AGENT = 'sip:agent@example.com';

let customer: Customer;
let carrier: SimulatedCarrier;
let base: string;

beforeEach(async () => {
  customer = new Customer();
  await customer.listen();
  ({ carrier, url: base } = await startCarrier());
  carrier.number(NUMBER, { voiceUrl: customer.url('/voice') });
  customer.answers('/agent', `<Connect><Stream url="${customer.streamUrl()}"/></Connect>`);
  customer.answers('/status', { status: 204 });
});

afterEach(async () => {
  await carrier.close();
  await customer.close();
});

/** The real package, its host rewritten. */
class Redirected extends RequestClient {
  override request<T>(options: RequestClient.RequestOptions<T>) {
    return super.request<T>({ ...options, uri: options.uri.replace('https://api.twilio.com', base) });
  }
}

function client() {
  return twilio(ACCOUNT_SID, AUTH_TOKEN, { httpClient: new Redirected() });
}

async function rest(path: string, form: Record<string, string> | null, token = AUTH_TOKEN) {
  const response = await fetch(`${base}/2010-04-01/Accounts/${ACCOUNT_SID}${path}`, {
    headers: { Authorization: `Basic ${Buffer.from(`${ACCOUNT_SID}:${token}`).toString('base64')}` },
    ...(form !== null && { method: 'POST', body: new URLSearchParams(form) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const dial = (more: Record<string, string> = {}) =>
  rest('/Calls.json', { To: AGENT, From: NUMBER, Url: customer.url('/agent'), ...more });

function nextRing(address = AGENT): Promise<PhoneCall> {
  return new Promise((resolve) => carrier.phone(address).onRing(resolve));
}

const statusOf = ({ parameters }: Received) => parameters['CallStatus'];

describe('placing a call', () => {
  it('works through the twilio package, from queued to completed', async () => {
    const ringing = nextRing();

    const placed = await client().calls.create({
      to: `${AGENT}?X-Tonewall-Call=call_1&X-B=2`,
      from: NUMBER,
      url: customer.url('/agent'),
      statusCallback: customer.url('/status'),
      statusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'],
    });
    expect(placed).toMatchObject({
      status: 'queued',
      direction: 'outbound-api',
      from: NUMBER,
      duration: null,
    });

    const call = await ringing;
    expect(call).toMatchObject({
      sid: placed.sid,
      with: NUMBER,
      headers: { 'X-Tonewall-Call': 'call_1', 'X-B': '2' },
      status: 'ringing',
    });
    call.answer();
    const stream = await customer.stream();
    await stream.until('start');
    const handle = client().calls(placed.sid);
    expect((await handle.fetch()).status).toBe('in-progress');
    expect((await client().calls.list({ status: 'in-progress' })).map(({ sid }) => sid)).toEqual([
      placed.sid,
    ]);

    expect((await handle.update({ status: 'completed' })).status).toBe('completed');
    expect((await handle.fetch()).endTime).toBeInstanceOf(Date);

    const callbacks = await customer.until('/status', 4);
    expect(
      callbacks.map(({ parameters }) => [parameters['SequenceNumber'], parameters['CallStatus']]),
    ).toEqual([
      ['0', 'initiated'],
      ['1', 'ringing'],
      ['2', 'in-progress'],
      ['3', 'completed'],
    ]);
    expect(callbacks[3]?.parameters).toMatchObject({
      CallbackSource: 'call-progress-events',
      CallDuration: '0',
    });
    for (const { headers, parameters } of callbacks) {
      const signature = String(headers['x-twilio-signature']);
      expect(twilio.validateRequest(AUTH_TOKEN, signature, customer.url('/status'), parameters)).toBe(true);
    }
  });

  it('runs TwiML that came with the request', async () => {
    carrier.phone(AGENT).policy = 'answer';
    const said: string[] = [];
    const ringing = nextRing();
    carrier.phone(AGENT).onRing((call) => call.on('said', (text) => said.push(text)));

    await rest('/Calls.json', { To: AGENT, From: NUMBER, Twiml: '<Response><Say>hello</Say></Response>' });
    await (await ringing).reached('completed');

    expect(said).toEqual(['hello']);
  });

  it.each([
    ['declined', 'busy', (call: PhoneCall) => call.decline()],
    ['hung up while it rings', 'busy', (call: PhoneCall) => call.hangUp()],
    ['answered, then hung up', 'completed', (call: PhoneCall) => (call.answer(), call.hangUp())],
  ])('that is %s is %s', async (_what, status, act) => {
    const ringing = nextRing();
    await dial({ StatusCallback: customer.url('/status') });

    act(await ringing);

    expect((await customer.until('/status')).map(statusOf)).toEqual([status]);
  });

  it.each([
    ['a busy telephone', 'busy', 'busy'],
    ['a telephone that is switched off', 'unreachable', 'failed'],
  ] as const)('to %s ends', async (_what, policy, status) => {
    carrier.phone(AGENT).policy = policy;

    await dial({ StatusCallback: customer.url('/status') });

    expect((await customer.until('/status')).map(statusOf)).toEqual([status]);
  });

  it('to an address without a telephone fails, and is noted', async () => {
    await dial({ StatusCallback: customer.url('/status') });

    expect((await customer.until('/status')).map(statusOf)).toEqual(['failed']);
    expect(carrier.debug.entries).toMatchObject([{ code: 21217 }]);
  });

  it('beyond the lines of a telephone is busy', async () => {
    carrier.phone(AGENT).lines = 1;
    const ringing = nextRing();
    await dial();
    await ringing;

    await dial({ StatusCallback: customer.url('/status') });

    expect((await customer.until('/status')).map(statusOf)).toEqual(['busy']);
  });

  it('that nobody answers in time is no-answer', async () => {
    carrier.phone(AGENT);

    await dial({ StatusCallback: customer.url('/status'), Timeout: '1' });

    expect((await customer.until('/status')).map(statusOf)).toEqual(['no-answer']);
  });

  it('ends at its time limit', async () => {
    carrier.phone(AGENT).policy = 'answer';

    await dial({ StatusCallback: customer.url('/status'), TimeLimit: '1' });

    expect((await customer.until('/status')).map(statusOf)).toEqual(['completed']);
  });

  it('tells its statuses in another order when told so', async () => {
    carrier.settings.callbackOrder = 'shuffled';
    carrier.phone(AGENT).policy = 'answer';

    await dial({
      StatusCallback: customer.url('/status'),
      StatusCallbackEvent: 'initiated ringing answered completed',
    });

    const callbacks = await customer.until('/status', 3);
    expect(callbacks.map(({ parameters }) => parameters['SequenceNumber'])).toEqual(['1', '0', '2']);
  });

  it.each([
    ['no To', { To: '' }, 400, 21201],
    ['no From', { From: '' }, 400, 21213],
    ['a To that is no address', { To: '12' }, 400, 21211],
    [
      'a From that is not ours, to a telephone number',
      { To: '+33612345678', From: '+33199999999' },
      400,
      21210,
    ],
    ['neither Url nor Twiml', { Url: '' }, 400, 20001],
    ['a Timeout out of range', { Timeout: '601' }, 400, 20001],
  ])('with %s is refused', async (_what, form, status, code) => {
    const answer = await dial(form);

    expect(answer).toMatchObject({
      status,
      body: { status, code, more_info: expect.stringMatching(/^https:/) },
    });
  });

  it('without a program is refused', async () => {
    expect(await rest('/Calls.json', { To: AGENT, From: NUMBER })).toMatchObject({
      status: 400,
      body: { code: 21205 },
    });
  });
});

describe('changing a call', () => {
  it('cancels one that rings', async () => {
    const ringing = nextRing();
    await dial();
    const call = await ringing;

    expect(await rest(`/Calls/${call.sid}.json`, { Status: 'canceled' })).toMatchObject({
      status: 200,
      body: { status: 'canceled' },
    });
    expect(call.status).toBe('canceled');
  });

  it('refuses to cancel one that was answered, and anything once it is over', async () => {
    carrier.phone(AGENT).policy = 'answer';
    const ringing = nextRing();
    await dial();
    const call = await ringing;
    await call.reached('in-progress');

    const path = `/Calls/${call.sid}.json`;
    expect(await rest(path, { Status: 'canceled' })).toMatchObject({ status: 400, body: { code: 21220 } });
    expect(await rest(path, { Status: 'completed' })).toMatchObject({ status: 200 });
    expect(await rest(path, { Status: 'completed' })).toMatchObject({ status: 400, body: { code: 21220 } });
  });

  it('gives a running call other TwiML: its stream stops, the next is a new one', async () => {
    carrier.phone(AGENT).policy = 'answer';
    const { body } = await dial();
    const first = await customer.stream();
    await first.until('start');
    customer.answers('/other', `<Connect><Stream url="${customer.streamUrl('/second')}"/></Connect>`);

    await rest(`/Calls/${String(body['sid'])}.json`, { Url: customer.url('/other') });

    await first.until('stop');
    const second = await customer.stream(2);
    await second.until('start');
    expect(second.streamSid).not.toBe(first.streamSid);
    expect(second.of('start')).toMatchObject([{ sequenceNumber: '1', start: { callSid: body['sid'] } }]);
  });

  it.each([
    ['an unknown call', `/Calls/CA${'0'.repeat(32)}.json`, 20404],
    ['an unknown resource', '/Dances.json', 20404],
  ])('of %s is 404', async (_what, path, code) => {
    expect(await rest(path, { Status: 'completed' })).toMatchObject({ status: 404, body: { code } });
  });
});

describe('the door of the REST interface', () => {
  it('wants the account and its token', async () => {
    expect(await rest('/Calls.json', null, 'wrong')).toMatchObject({ status: 401, body: { code: 20003 } });
    expect((await fetch(`${base}/2010-04-01/Accounts/${ACCOUNT_SID}/Calls.json`)).status).toBe(401);
  });

  it.each([429, 500, 503] as const)('refuses with %i as often as told', async (status) => {
    carrier.settings.restFault = { status, times: 2 };

    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await rest('/Calls.json', null)).status);

    expect(statuses).toEqual([status, status, 200]);
  });

  it('takes its time when told so', async () => {
    carrier.settings.restDelayMs = 300;

    const answer = fetch(`${base}/2010-04-01/Accounts/${ACCOUNT_SID}/Calls.json`, {
      headers: { Authorization: `Basic ${Buffer.from(`${ACCOUNT_SID}:${AUTH_TOKEN}`).toString('base64')}` },
      signal: AbortSignal.timeout(100),
    });

    await expect(answer).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});

const DESCRIPTION = '../shared/data/twilio-api.openapi.json';
const described = existsSync(DESCRIPTION) ? it : it.skip;
if (!existsSync(DESCRIPTION)) console.log(`skipped: ${DESCRIPTION} is not here`);

describe('answers', () => {
  described('fit the published description', async () => {
    const document = JSON.parse(readFileSync(DESCRIPTION, 'utf8')) as {
      components: { schemas: Record<string, Schema> };
    };
    const { schemas } = document.components;
    const callSchema = schemas['api.v2010.account.call'];
    if (callSchema === undefined) throw new Error('no schema of a call');
    carrier.phone(AGENT).policy = 'answer';
    const ringing = nextRing();

    const created = await dial();
    const live = await (
      await ringing
    )
      .reached('in-progress')
      .then(() => rest(`/Calls/${String(created.body['sid'])}.json`, null));
    const ended = await rest(`/Calls/${String(created.body['sid'])}.json`, { Status: 'completed' });

    for (const { body } of [created, live, ended]) {
      expect(violations(callSchema, body, schemas)).toEqual([]);
      expect(Object.keys(body).toSorted()).toEqual(Object.keys(callSchema.properties ?? {}).toSorted());
    }
    const list = await rest('/Calls.json', null);
    expect(violations({ type: 'array', items: callSchema }, list.body['calls'], schemas)).toEqual([]);
  });
});

describe('a short message', () => {
  const send = (more: Record<string, string> = {}) =>
    rest('/Messages.json', { To: '+33612345678', From: NUMBER, Body: 'Bonjour', ...more });
  const statuses = () =>
    customer.requests
      .filter(({ path }) => path === '/status')
      .map(({ parameters }) => [parameters['MessageStatus'], parameters['ErrorCode'] ?? null]);

  it('works through the twilio package, and its status is told', async () => {
    const arrived = new Promise<string>((resolve) => carrier.messages.onArrival(({ body }) => resolve(body)));
    const sent = await client().messages.create({
      ...{ to: '+33612345678', from: NUMBER, body: 'Bonjour' },
      statusCallback: customer.url('/status'),
    });
    expect(sent).toMatchObject({
      status: 'queued',
      direction: 'outbound-api',
      body: 'Bonjour',
      errorCode: null,
    });
    expect(await arrived).toBe('Bonjour');
    await customer.until('/status', 2);
    expect(statuses()).toEqual([
      ['sent', null],
      ['delivered', null],
    ]);
    expect((await client().messages(sent.sid).fetch()).status).toBe('delivered');
    expect((await client().messages.list({ to: '+33612345678' })).map(({ sid }) => sid)).toEqual([sent.sid]);
    const kept = await fetch(`${base}/simulator/messages?to=%2B33612345678`);
    expect(await kept.json()).toMatchObject({ messages: [{ sid: sent.sid, body: 'Bonjour' }] });
  });

  it('does not reach a telephone that is off', async () => {
    carrier.phone('+33612345678').policy = 'unreachable';
    await send({ StatusCallback: customer.url('/status') });
    await customer.until('/status', 2);
    expect(statuses()).toEqual([
      ['sent', null],
      ['undelivered', '30003'],
    ]);
  });

  it.each([
    [{ To: '' }, 21604],
    [{ To: '0612345678' }, 21211],
    [{ From: '' }, 21603],
    [{ From: '+33199999999' }, 21606],
    [{ Body: '' }, 21602],
    [{ Body: 'x'.repeat(1601) }, 21617],
    [{ StatusCallback: 'nowhere' }, 21609],
  ])('is refused with %j', async (more: Record<string, string>, code) => {
    expect(await send(more)).toMatchObject({ status: 400, body: { code } });
    expect(carrier.messages.all).toEqual([]);
  });

  it('may come from a name or a messaging service', async () => {
    expect(await send({ From: 'Shop' })).toMatchObject({ status: 201, body: { from: 'Shop' } });
    const service = `MG${'0'.repeat(32)}`;
    expect(await send({ MessagingServiceSid: service })).toMatchObject({
      body: { from: null, messaging_service_sid: service },
    });
  });

  it('is kept while there are not too many', async () => {
    for (let n = 0; n < 201; n++) carrier.messages.send(NUMBER, '+33612345678', `number ${n}`, null);
    expect(carrier.messages.all).toHaveLength(200);
    expect(carrier.messages.all[0]?.body).toBe('number 1');
  });

  described('answers as the published description says', async () => {
    const description = JSON.parse(readFileSync(DESCRIPTION, 'utf8')) as {
      components: { schemas: Record<string, Schema> };
    };
    const { schemas } = description.components;
    const schema = schemas['api.v2010.account.message'] ?? {};
    const { body } = await send();
    expect(Object.keys(body).toSorted()).toEqual(Object.keys(schema.properties ?? {}).toSorted());
    expect(violations(schema, body, schemas)).toEqual([]);
  });
});
