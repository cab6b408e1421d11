import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ACCOUNT, CALLER, counted, openDoors, sign, type Doors } from './harness.js';

let doors: Doors;

beforeEach(async () => {
  doors = await openDoors('https://voice.example.test/');
});

afterEach(() => doors.close());

const PUBLIC = 'https://voice.example.test';
const APOLOGY = '<Say language="en-GB" voice="Polly.Amy-Neural">Please call again.</Say><Hangup/>';
const STREAM_TO = (leg: string, ticket: string): string =>
  `<Connect action="${PUBLIC}/twilio/legs/${leg}/next" method="POST"><Stream url="wss://voice.example.test/twilio/media">` +
  `<Parameter name="ticket" value="${ticket}"/></Stream></Connect>`;

interface Webhook {
  parameters?: Record<string, string>;
  signature?: string | null;
  body?: string;
  type?: string;
}

async function post(path: string, { parameters = {}, ...how }: Webhook = {}) {
  const all = {
    AccountSid: ACCOUNT,
    CallSid: CALLER,
    From: '+33612345678',
    To: '+33123456789',
    ...parameters,
  };
  const signature = how.signature === undefined ? sign(PUBLIC + path, all) : how.signature;
  const response = await fetch(doors.base + path, {
    method: 'POST',
    headers: {
      'Content-Type': how.type ?? 'application/x-www-form-urlencoded',
      ...(signature === null ? {} : { 'X-Twilio-Signature': signature }),
    },
    body: how.body ?? new URLSearchParams(all).toString(),
  });
  const twiml = (await response.text()).replace('<?xml version="1.0" encoding="UTF-8"?>', '');
  return { status: response.status, type: response.headers.get('content-type'), twiml };
}

describe('the voice webhook', () => {
  it('answers with what the handler says', async () => {
    expect(await post('/twilio/voice')).toEqual({
      status: 200,
      type: 'text/xml; charset=utf-8',
      twiml: `<Response>${STREAM_TO('leg_1', 'tkt_1')}</Response>`,
    });
    expect(doors.handler.asked).toEqual([`incoming ${CALLER} +33612345678 +33123456789`]);
  });

  it('is signed over its query and every parameter, known or not', async () => {
    const parameters = { CallerCity: 'Orléans', SipHeader_X: 'a=b&c', StirVerstat: '' };
    expect((await post('/twilio/voice?tenant=a%20b', { parameters })).status).toBe(200);
  });

  it('says a sentence in French', async () => {
    doors.handler.answers.incoming = () =>
      Promise.resolve({ do: 'say', sentence: 'Au revoir.', language: 'fr' });
    const { twiml } = await post('/twilio/voice');
    expect(twiml).toBe(
      '<Response><Say language="fr-FR" voice="Polly.Lea-Neural">Au revoir.</Say><Hangup/></Response>',
    );
  });

  it.each([
    [
      'a handler that fails',
      () => (doors.handler.answers.incoming = () => Promise.reject(new Error('secret detail'))),
      {},
    ],
    [
      'a handler that throws',
      () =>
        (doors.handler.answers.incoming = () => {
          throw new Error('secret detail');
        }),
      {},
    ],
    ['a call SID of another shape', () => {}, { CallSid: '../x' }],
  ])('apologises for %s', async (_what, arrange, parameters) => {
    // prettier-ignore
    arrange();
    expect(await post('/twilio/voice', { parameters })).toMatchObject({
      status: 200,
      twiml: `<Response>${APOLOGY}</Response>`,
    });
    expect(doors.log.lines.join('\n')).toMatch(/^webhook failed/);
    expect(doors.log.lines.join('\n')).not.toContain('secret detail');
  });
});

describe('a webhook that the carrier did not sign', () => {
  const good = sign(`${PUBLIC}/twilio/voice`, { AccountSid: ACCOUNT, CallSid: CALLER });

  it.each<[string, Webhook]>([
    ['without a signature', { signature: null }],
    ['with an empty signature', { signature: '' }],
    ['with a cut signature', { signature: good.slice(0, -2) }],
    ['signed over other parameters', { signature: good }],
    [
      'signed over http',
      {
        signature: sign('http://voice.example.test/twilio/voice', {
          AccountSid: ACCOUNT,
          CallSid: CALLER,
          From: '+33612345678',
          To: '+33123456789',
        }),
      },
    ],
    ['of another account', { parameters: { AccountSid: 'AC00000000000000000000000000000002' } }],
    ['with its form as JSON', { type: 'application/json', body: '{}' }],
    [
      'with more parameters than are read',
      { body: Array.from({ length: 600 }, (_, i) => `p${i}=1`).join('&') },
    ],
  ])('%s gets 403, and nothing happens', async (_what, webhook) => {
    // prettier-ignore
    expect((await post('/twilio/voice', webhook)).status).toBe(403);
    expect(doors.handler.asked).toEqual([]);
    expect(await counted(doors.metrics.signaturesRefused, { door: 'webhook' })).toBe(1);
    expect(doors.log.lines).toEqual([
      'webhook refused: not signed by the carrier for this account and URL {"route":"/voice"}',
    ]);
  });

  it.each(['/twilio/legs/leg_1/answer', '/twilio/legs/leg_1/next', '/twilio/legs/leg_1/status'])(
    'gets 403 at %s too',
    async (path) => {
      expect((await post(path, { signature: 'x' })).status).toBe(403);
      expect(doors.handler.asked).toEqual([]);
    },
  );

  it('over 64 KiB gets 413', async () => {
    expect((await post('/twilio/voice', { body: `a=${'x'.repeat(65_536)}` })).status).toBe(413);
    expect((await post('/twilio/voice', { body: `a=${'x'.repeat(65_534)}` })).status).toBe(403);
  });
});

describe('the webhooks handed out', () => {
  it('tell that the dialled party picked up', async () => {
    const { twiml } = await post('/twilio/legs/leg_2/answer');
    expect(twiml).toBe(`<Response>${STREAM_TO('leg_2', 'tkt_2')}</Response>`);
    expect(doors.handler.asked).toEqual([`answered leg_2 ${CALLER}`]);
  });

  it('tell that a stream is over', async () => {
    expect((await post('/twilio/legs/leg_1/next')).twiml).toBe('<Response><Hangup/></Response>');
    expect(doors.handler.asked).toEqual([`streamOver leg_1 ${CALLER}`]);
  });

  it('tell the status of a leg', async () => {
    const ringing = await post('/twilio/legs/leg_2/status', {
      parameters: { CallStatus: 'ringing', SequenceNumber: '1' },
    });
    const bare = await post('/twilio/legs/leg_2/status', { parameters: { CallStatus: 'no-answer' } });
    expect([ringing.status, bare.status]).toEqual([204, 204]);
    expect(doors.handler.asked).toEqual([
      `status leg_2 ${CALLER} ringing 1`,
      `status leg_2 ${CALLER} no-answer 0`,
    ]);
  });

  it('pass over a status that nobody knows', async () => {
    expect((await post('/twilio/legs/leg_2/status', { parameters: { CallStatus: 'on-fire' } })).status).toBe(
      204,
    );
    expect(doors.handler.asked).toEqual([]);
  });

  it('have no leg that is no id of ours', async () => {
    expect((await post(`/twilio/legs/${'x'.repeat(65)}/next`)).status).toBe(404);
    expect((await post('/twilio/legs/a%2Fb/next')).status).toBe(404);
    expect(doors.handler.asked).toEqual([]);
  });
});
