import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PhoneCall } from '../../src/carrier/simulated/phone.js';
import { AUTH_TOKEN } from '../support/carrier.js';
import { HandCaller, webhook } from '../support/hand-caller.js';
import { Random } from '../support/random.js';
import {
  AGENT,
  CALLER,
  over,
  SERVICE_NUMBER,
  startService,
  until,
  type ApiAnswer,
  type Service,
} from '../support/service.js';
import { stillTalk } from '../support/talking.js';

const random = new Random(7);

let service: Service;
let bystanders: { caller: PhoneCall; agent: PhoneCall };
let goneOn = 0;

beforeAll(async () => {
  service = await startService({ env: { AGENT_RING_SECONDS: '20' } });
  bystanders = await service.talk();
});
afterAll(() => service.stop());

/** Whatever is done here, two others talk on. */
async function othersGoOn(): Promise<void> {
  await stillTalk(bystanders.caller, bystanders.agent, random);
  goneOn++;
}

/** The log lines that came since the last look. */
function newLines(): Record<string, unknown>[] {
  const { lines } = service;
  return lines.splice(0).map((line) => JSON.parse(line) as Record<string, unknown>);
}

const problem = (answer: ApiAnswer) => ({
  status: answer.status,
  code: (answer.body as { code: string }).code,
});

describe('the native API', () => {
  const CARD = '4242424242424242';
  const post = (body: unknown, headers = {}) => service.api('POST', '/v1/captures', body, headers);

  it.each<[string, () => Promise<ApiAnswer>, number, string]>([
    ['malformed JSON', () => post('{"call":'), 400, 'bad_request'],
    ['JSON that is no object', () => post('[]'), 400, 'bad_request'],
    ['an unknown member', () => post({ call: bystanders.caller.sid, pan: CARD }), 400, 'bad_request'],
    ['an unknown field name', () => post({ call: 'x', fields: ['pin'] }), 400, 'bad_request'],
    [
      'a security code with the outcome token',
      () => post({ call: bystanders.caller.sid, fields: ['payment-card-number', 'security-code'] }),
      400,
      'bad_request',
    ],
    [
      'a charge without a provider',
      () => post({ call: bystanders.caller.sid, outcome: 'charge', amount: 100, currency: 'EUR' }),
      400,
      'no_provider',
    ],
    ['what is not JSON', () => post('a=b', { 'content-type': 'text/plain' }), 415, 'unsupported_media_type'],
    ['a body over 64 KiB', () => post({ call: 'x'.repeat(65_536) }), 413, 'payload_too_large'],
    ['no key', () => post({ call: 'x' }, { authorization: '' }), 401, 'unauthorized'],
    ['a call that has never been', () => post({ call: `CA${'0'.repeat(32)}` }), 404, 'not_found'],
    ['a card number in place of a call', () => post({ call: CARD }), 404, 'not_found'],
    [
      'a card number in an id',
      () => service.api('GET', `/v1/captures/cap_${CARD}ABCDEFGH04`),
      404,
      'not_found',
    ],
  ])('answers %s, logs its route and status, and others talk on', async (_, ask, status, code) => {
    newLines();
    expect(problem(await ask())).toEqual({ status, code });
    await until(() => service.logged('http request').length > 0);
    const lines = newLines();
    expect(lines).toContainEqual(expect.objectContaining({ msg: 'http request', status }));
    expect(JSON.stringify(lines)).not.toContain(CARD);
    await othersGoOn();
  });

  it('takes no capture on a call that rings, has one, or is over', async () => {
    const phone = service.carrier.phone(AGENT);
    phone.policy = 'ring';
    const rung = new Promise<PhoneCall>((resolve) => phone.onRing(resolve));
    const caller = service.carrier.phone(CALLER).call(SERVICE_NUMBER);
    const agent = await rung;
    phone.policy = 'answer';
    const ringing = await service.api('POST', '/v1/captures', { call: caller.sid });
    expect(problem(ringing)).toEqual({ status: 409, code: 'call_not_live' });

    agent.answer();
    await until(async () => (await service.call(caller.sid)).status === 'live');
    const capture = await service.arm(caller);
    const second = await service.api('POST', '/v1/captures', { call: agent.sid });
    expect(problem(second)).toEqual({ status: 409, code: 'capture_in_progress' });

    caller.hangUp();
    await until(() => agent.over);
    const late = await service.api('POST', '/v1/captures', { call: caller.sid });
    expect(problem(late)).toEqual({ status: 409, code: 'call_not_live' });
    expect(await service.captureWhen(capture.id, over)).toMatchObject({ reason: 'caller_hung_up' });
    await othersGoOn();
  });

  it('arms one of ten captures that are asked for at once', async () => {
    const { caller, agent } = await service.talk();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => service.api('POST', '/v1/captures', { call: caller.sid })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(9);
    caller.hangUp();
    await until(() => agent.over);
  });
});

describe('a webhook', () => {
  const form = () => ({ CallSid: new HandCaller(service).sid, From: CALLER, To: SERVICE_NUMBER });
  const calls = async () =>
    ((await service.api('GET', '/v1/calls')).body as { calls: { id: string }[] }).calls.length;

  it.each<[string, () => ReturnType<typeof webhook>]>([
    ['without a signature', () => webhook(service, '/twilio/voice', form(), { 'x-twilio-signature': '' })],
    [
      'with a forged signature',
      () => webhook(service, '/twilio/voice', form(), { 'x-twilio-signature': AUTH_TOKEN }),
    ],
    ['of another account', () => webhook(service, '/twilio/voice', { ...form(), AccountSid: 'AC0' })],
  ])('%s is 403, says so in the log, and makes no call', async (_, send) => {
    const before = await calls();
    newLines();
    expect((await send()).status).toBe(403);
    expect(newLines()).toContainEqual(
      expect.objectContaining({
        level: 40,
        route: '/voice',
        msg: 'webhook refused: not signed by the carrier for this account and URL',
      }),
    );
    expect(await calls()).toBe(before);
    await othersGoOn();
  });

  it('over 64 KiB is 413', async () => {
    newLines();
    const answer = await webhook(service, '/twilio/voice', { ...form(), Note: 'x'.repeat(65_536) });
    expect(answer.status).toBe(413);
    expect(newLines()).toContainEqual(expect.objectContaining({ msg: 'webhook could not be read' }));
    await othersGoOn();
  });

  it('that can not be used is answered with a sentence, and nobody is left in silence', async () => {
    newLines();
    const { status, text } = await webhook(service, '/twilio/voice', { CallSid: 'no SID', From: CALLER });
    expect([status, text]).toEqual([200, expect.stringContaining('Something went wrong on our side')]);
    expect(newLines()).toContainEqual(
      expect.objectContaining({ level: 50, msg: 'webhook failed: the party hears an apology' }),
    );
    await othersGoOn();
  });

  it('about a leg that nobody knows is answered with a sentence', async () => {
    const unknown = '/twilio/legs/leg_00000000000000000000000000';
    const call = { CallSid: new HandCaller(service).sid };
    expect((await webhook(service, `${unknown}/next`, call)).text).toContain('Something went wrong');
    expect((await webhook(service, `${unknown}/answer`, call)).text).toContain('<Hangup/>');
    expect((await webhook(service, `${unknown}/status`, { ...call, CallStatus: 'busy' })).status).toBe(204);
    await othersGoOn();
  });

  it('of a caller that came twice makes no second call and no second leg', async () => {
    const rung: PhoneCall[] = [];
    const stop = service.carrier.phone(AGENT).onRing((call) => rung.push(call));
    const caller = new HandCaller(service);
    await caller.ring();
    const before = await calls();
    await caller.ring();
    expect(await caller.open()).toBe(101);
    caller.start();
    await until(async () => (await service.call(caller.sid)).status === 'live');
    // Replayed while the call is live: its stream is not to be had a second time.
    await caller.ring();
    const thief = new HandCaller(service);
    expect(await thief.open()).toBe(101);
    thief.start({ ticket: caller.ticket, callSid: caller.sid });
    expect(await thief.closed()).toBe(1008);
    expect([await calls(), rung.length]).toEqual([before, 1]);
    stop();
    caller.stop();
    await until(() => rung.every((agent) => agent.over));
    expect(await caller.ring()).toContain('<Hangup/>');
    await othersGoOn();
  });
});

describe('a media socket', () => {
  /** A hand-played caller on the line with an agent. */
  async function talk(): Promise<{ caller: HandCaller; agent: PhoneCall }> {
    const rung = new Promise<PhoneCall>((resolve) => {
      const stop = service.carrier.phone(AGENT).onRing((call) => {
        stop();
        resolve(call);
      });
    });
    const caller = new HandCaller(service);
    await caller.ring();
    await caller.open();
    caller.start();
    const agent = await rung;
    await until(async () => (await service.call(caller.sid)).status === 'live');
    return { caller, agent };
  }

  it('that is not signed is refused before a word is read', async () => {
    newLines();
    const caller = new HandCaller(service);
    await caller.ring();
    expect(await caller.open(false)).toBe(403);
    expect(newLines()).toContainEqual(
      expect.objectContaining({ msg: 'media handshake refused: not signed by the carrier for this URL' }),
    );
    await othersGoOn();
  });

  it.each<[string, number, string, (caller: HandCaller) => void]>([
    ['a binary message', 1003, 'binary message', (caller) => caller.raw(Buffer.from('{}'))],
    ['media before start', 1008, 'message before start', (caller) => caller.media()],
    ['a start without a ticket', 1008, 'ticket refused', (caller) => caller.start({ ticket: '' })],
    [
      'a guessed ticket',
      1008,
      'ticket refused',
      (caller) => caller.start({ ticket: `tkt_${'0'.repeat(26)}` }),
    ],
    [
      "another call's ticket",
      1008,
      'ticket refused',
      (caller) => caller.start({ callSid: bystanders.caller.sid }),
    ],
    ['another account', 1008, 'start of another account', (caller) => caller.start({ accountSid: 'AC0' })],
  ])('is closed for %s', async (_, code, reason, send) => {
    const caller = new HandCaller(service);
    await caller.ring();
    await caller.open();
    newLines();
    const closed = caller.closed();
    send(caller);
    expect(await closed).toBe(code);
    expect(newLines()).toContainEqual(expect.objectContaining({ msg: 'media socket closed', code, reason }));
    // The carrier asks what now, and the caller hears something.
    expect(await caller.next()).toContain('<Say');
    await othersGoOn();
  });

  it('is closed with 1009 for a message over 64 KiB', async () => {
    const caller = new HandCaller(service);
    await caller.ring();
    await caller.open();
    newLines();
    const closed = caller.closed();
    caller.raw(JSON.stringify({ event: 'connected', filler: 'x'.repeat(65_536) }));
    expect(await closed).toBe(1009);
    expect(newLines()).toContainEqual(
      expect.objectContaining({ level: 40, msg: 'media socket broke the WebSocket protocol' }),
    );
    await othersGoOn();
  });

  it('gives its ticket to one of two that come at once', async () => {
    const caller = new HandCaller(service);
    await caller.ring();
    const others = [caller, new HandCaller(service)];
    for (const other of others) expect(await other.open()).toBe(101);
    const closed = Promise.race(others.map((other) => other.closed()));
    for (const other of others) other.start({ ticket: caller.ticket, callSid: caller.sid });
    expect(await closed).toBe(1008);
    await until(async () => (await service.call(caller.sid)).status === 'live');
    caller.stop();
  });

  it('has single bad messages ignored and counted, and its call goes on', async () => {
    const { caller, agent } = await talk();
    const capture = await service.call(caller.sid).then(({ id }) => service.arm({ sid: id }));
    const bad: string[] = [
      'no JSON',
      '{"event":"media"',
      '{"event":"mark","mark":{"name":7},"streamSid":"' + caller.streamSid + '"}',
      '{"event":"dtmf","dtmf":{"digit":',
      '\u0000',
    ];
    for (const message of bad) caller.raw(message);
    // Not base64, no audio at all, and more than a message may bring.
    for (const payload of ['????', '/w=', '', 'A'.repeat(8000)]) caller.media(payload);
    caller.dtmf('E');
    caller.dtmf('42');
    // A key of another stream is nobody's here.
    caller.dtmf('7', 'MZ00000000000000000000000000000000');
    for (const digit of '4242') caller.dtmf(digit);
    await service.captureWhen(capture.id, ({ fields }) => fields[0]?.digits_entered === 4);
    const counted = await service.metrics.mediaMessagesRefused.get();
    const byReason = Object.fromEntries(counted.values.map(({ labels, value }) => [labels.reason, value]));
    expect(byReason).toMatchObject({ payload: 4, key: 2 });
    expect(byReason['message']).toBeGreaterThanOrEqual(4);
    expect(await service.call(caller.sid)).toMatchObject({ status: 'live' });
    await othersGoOn();
    caller.stop();
    await until(() => agent.over);
  });

  it('may bring frames of any length: the agent hears as much', async () => {
    const { caller, agent } = await talk();
    let heard = 0;
    agent.on('audio', (frame) => (heard += frame.filter((byte) => byte !== 0xff).length));
    const lengths = [1, 159, 161, 320, 7, 3, 4000, 33];
    for (const length of lengths) caller.media(Buffer.alloc(length, 0xf9).toString('base64'));
    const total = lengths.reduce((sum, length) => sum + length, 0);
    // What the guard holds back comes out with what follows.
    for (let i = 0; i < 10; i++) caller.media();
    await until(() => heard >= total);
    expect(heard).toBe(total);
    caller.stop();
    await until(() => agent.over);
  });

  it('is closed for a flood of what can not be read; its agent hears a sentence', async () => {
    const { caller, agent } = await talk();
    const said = new Promise<string>((resolve) => agent.on('said', resolve));
    const closed = caller.closed();
    newLines();
    for (let i = 0; i < 30; i++) caller.raw('{');
    expect(await closed).toBe(1008);
    expect(newLines()).toContainEqual(
      expect.objectContaining({ msg: 'media socket closed', reason: 'too many bad messages' }),
    );
    expect(await said).toContain('The other party has left');
    expect(await caller.next()).toContain('Something went wrong');
    await othersGoOn();
  });

  it('does no harm with what looks like JSON to a quick eye', async () => {
    const caller = new HandCaller(service);
    await caller.ring();
    await caller.open();
    const starts = [
      '{"event":"start","start":{,}}',
      '{"event":"start","start":"\\ud800\\x"}',
      '{"event":"start","start":{"callSid":01}}',
      `{"event":"start","start":${'['.repeat(2000)}${']'.repeat(2000)}}`,
      '{"__proto__":{"event":"start"},"event":"st\\u0061rt"}',
    ];
    for (const message of starts) caller.raw(message);
    await othersGoOn();
    expect(({} as Record<string, unknown>)['event']).toBeUndefined();
    caller.vanish();
  });
});

it('all the while two others have talked', () => {
  expect(goneOn).toBeGreaterThan(25);
  expect([bystanders.caller.status, bystanders.agent.status]).toEqual(['in-progress', 'in-progress']);
});
