import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import twilio from 'twilio';
import type { SimulatedCarrier } from '../../../src/carrier/simulated/simulated-carrier.js';
import type { SimulatorSettings } from '../../../src/carrier/simulated/simulator-settings.js';
import { ACCOUNT_SID, AUTH_TOKEN, record, startCarrier } from '../../support/carrier.js';
import { Customer, type Message } from './customer.js';

const NUMBER = '+33123456789';
const CALLER = '+33612345678';

let customer: Customer;
let carrier: SimulatedCarrier;

beforeEach(async () => {
  customer = new Customer();
  await customer.listen();
  ({ carrier } = await startCarrier());
  carrier.number(NUMBER, { voiceUrl: customer.url('/voice') });
  customer.answers(
    '/voice',
    `<Connect action="/over"><Stream url="${customer.streamUrl()}"><Parameter name="ticket" value="t1"/></Stream></Connect>`,
  );
  customer.answers('/over', '<Hangup/>');
});

afterEach(async () => {
  await carrier.close();
  await customer.close();
});

async function connected(settings: Partial<SimulatorSettings> = {}) {
  const call = carrier.phone(CALLER).call(NUMBER, { settings });
  const stream = await customer.stream();
  await stream.until('start');
  return { call, stream };
}

describe('a media stream', () => {
  it('begins with connected and start, in the shapes of the protocol', async () => {
    const { call, stream } = await connected();

    const [connectedMessage, start] = stream.messages;
    expect(connectedMessage).toEqual({ event: 'connected', protocol: 'Call', version: '1.0.0' });
    expect(start).toEqual({
      event: 'start',
      sequenceNumber: '1',
      start: {
        accountSid: ACCOUNT_SID,
        streamSid: expect.stringMatching(/^MZ[0-9a-f]{32}$/),
        callSid: call.sid,
        tracks: ['inbound'],
        mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
        customParameters: { ticket: 't1' },
      },
      streamSid: stream.streamSid,
    });
  });

  it('signs the handshake over the ws URL as written', async () => {
    const { stream } = await connected();

    const signature = String(stream.headers['x-twilio-signature']);
    expect(twilio.validateRequest(AUTH_TOKEN, signature, customer.streamUrl(), {})).toBe(true);
  });

  it('sends 160 bytes every 20 ms with numbers as strings, silence when nothing is said', async () => {
    const { stream } = await connected();

    const media = await stream.until('media', 3);
    const silence = Buffer.alloc(160, 0xff).toString('base64');
    expect(media).toEqual(
      [0, 1, 2].map((n) => ({
        event: 'media',
        sequenceNumber: String(n + 2),
        media: { track: 'inbound', chunk: String(n + 1), timestamp: String(n * 20), payload: silence },
        streamSid: stream.streamSid,
      })),
    );
  });

  it('carries what the caller says, byte for byte', async () => {
    const { call, stream } = await connected();
    const speech = Uint8Array.from({ length: 400 }, (_, i) => i % 251);

    call.speak(speech);
    await stream.until('media', 6);

    const heard = stream.audio();
    expect(heard.indexOf(speech)).toBeGreaterThanOrEqual(0);
  });

  it('plays what the server sends in real time and echoes a mark when it has been played', async () => {
    const { call, stream } = await connected();
    const heard = record(call);
    const speech = Uint8Array.from({ length: 480 }, (_, i) => i % 249);

    stream.play(speech);
    stream.send({ event: 'mark', mark: { name: 'end' } });
    const before = stream.of('media').length;
    const [mark] = await stream.until('mark');

    expect(mark).toMatchObject({ event: 'mark', mark: { name: 'end' }, streamSid: stream.streamSid });
    expect(stream.of('media').length - before).toBeGreaterThanOrEqual(2);
    expect(heard.bytes().indexOf(speech)).toBeGreaterThanOrEqual(0);
  });

  it('echoes a mark at once when nothing waits', async () => {
    const { stream } = await connected();

    stream.send({ event: 'mark', mark: { name: 'now' } });

    expect(await stream.until('mark')).toMatchObject([{ mark: { name: 'now' } }]);
  });

  it('empties what waits on clear and echoes every mark', async () => {
    const { call, stream } = await connected();
    const heard = record(call);

    stream.play(new Uint8Array(80_000).fill(0x55));
    stream.send({ event: 'mark', mark: { name: 'a' } });
    stream.send({ event: 'mark', mark: { name: 'b' } });
    stream.send({ event: 'clear' });
    const marks = await stream.until('mark', 2);
    await once(call, 'audio');

    expect(marks).toMatchObject([{ mark: { name: 'a' } }, { mark: { name: 'b' } }]);
    expect(heard.bytes().subarray(-160)).toEqual(Buffer.alloc(160, 0xff));
  });

  it.each<[string, (stream: Awaited<ReturnType<typeof connected>>['stream']) => void]>([
    ['an unknown event', (stream) => stream.send({ event: 'dance' })],
    ['a foreign streamSid', (stream) => stream.send({ event: 'clear', streamSid: 'MZ0' })],
    ['a payload that is not base64', (stream) => stream.send({ event: 'media', media: { payload: '*' } })],
    ['text that is not JSON', (stream) => stream.socket.send('{')],
    ['a binary message', (stream) => stream.socket.send(Buffer.from('{}'))],
  ])('notes 31924 for %s and goes on', async (_what, offend) => {
    const { call, stream } = await connected();

    offend(stream);
    stream.send({ event: 'mark', mark: { name: 'after' } });
    await stream.until('mark');

    expect(carrier.debug.entries).toMatchObject([{ code: 31924, call_sid: call.sid }]);
    expect(call.status).toBe('in-progress');
  });

  it('ends for a bad message where that is fatal', async () => {
    const { call, stream } = await connected({ badMessages: 'fatal' });

    stream.socket.send('{');
    await call.reached('completed');

    expect(customer.to('/over')).toHaveLength(1);
  });

  it('says stop and closes when the caller hangs up', async () => {
    const { call, stream } = await connected();

    const closed = once(stream, 'closed');
    call.hangUp();
    await closed;

    expect(stream.messages.at(-1)).toMatchObject({
      event: 'stop',
      stop: { accountSid: ACCOUNT_SID, callSid: call.sid },
      streamSid: stream.streamSid,
    });
    expect(customer.to('/over')).toHaveLength(0);
  });

  it('asks the action when the server closes the socket', async () => {
    const { call, stream } = await connected();

    stream.socket.close();
    await call.reached('completed');

    expect(customer.to('/over')).toMatchObject([
      { method: 'POST', parameters: { CallSid: call.sid, CallStatus: 'in-progress', Direction: 'inbound' } },
    ]);
  });

  it('numbers every message after connected without a gap', async () => {
    const { call, stream } = await connected();

    stream.send({ event: 'mark', mark: { name: 'm' } });
    await call.press('12', { onMs: 60, offMs: 60 });
    call.hangUp();
    await once(stream, 'closed');

    const numbers = stream.messages.slice(1).map((message: Message) => Number(message['sequenceNumber']));
    expect(numbers).toEqual(numbers.map((_, i) => i + 1));
    expect(stream.of('dtmf')).toHaveLength(2);
  });
});
