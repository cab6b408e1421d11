import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSmsWay } from '../../../src/carrier/twilio/sms-way.js';
import type { Handover } from '../../../src/message/messages.js';
import { createMetrics } from '../../../src/metrics.js';
import { messageWayContract } from '../../contract/message-way.contract.js';
import { ACCOUNT_SID, AUTH_TOKEN, startCarrier } from '../../support/carrier.js';
import { LineLogger, openDoors, sign, ACCOUNT, type Doors } from './harness.js';

const NUMBER = '+33123456789';

messageWayContract('sms', async () => {
  const { carrier, url } = await startCarrier();
  carrier.number(NUMBER, { voiceUrl: 'https://shop.example/voice' });
  const log = new LineLogger();
  // Stands between: passes on what it gets, and breaks off instead of answering when it is told to.
  let broken = false;
  let choosy = false;
  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    if (choosy) form.set('To', '+0');
    const answer = await fetch(url + (request.url ?? ''), {
      method: request.method ?? 'GET',
      headers: { Authorization: request.headers.authorization ?? '' },
      body: form,
    });
    if (broken) request.socket.destroy();
    else response.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(await answer.text());
  }
  const between = createServer((request, response) => void pass(request, response));
  between.listen(0, '127.0.0.1');
  await once(between, 'listening');
  const way = createSmsWay({
    ...{ accountSid: ACCOUNT_SID, authTokens: [AUTH_TOKEN], from: NUMBER },
    ...{ publicUrl: 'https://voice.example.test', log, metrics: createMetrics() },
    apiUrl: `http://127.0.0.1:${(between.address() as AddressInfo).port}`,
  });
  const vanish = async (): Promise<void> => {
    if (!between.listening) return;
    between.closeAllConnections();
    between.close();
    await once(between, 'close');
  };
  return {
    way,
    arrived: () => carrier.messages.all.map(({ to, body }) => ({ to, text: body })),
    becomes(what) {
      [choosy, broken] = [what === 'choosy', what === 'broken'];
      carrier.settings.restFault = what === 'busy' ? { status: 503, times: 1 } : null;
    },
    vanish,
    logged: () => log.lines.join('\n'),
    async close() {
      await vanish();
      await carrier.close();
    },
  };
});

describe('a refusal of the carrier', () => {
  let server: Server;
  let answer: { status: number; code: number };
  beforeEach(async () => {
    server = createServer((_request, response) => {
      response.writeHead(answer.status, { 'Content-Type': 'application/json' });
      response.end(
        JSON.stringify({ code: answer.code, message: 'no', more_info: '', status: answer.status }),
      );
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => void server.close());

  it.each<[number, number, Handover]>([
    [400, 21211, { status: 'refused', reason: 'bad_address' }],
    [400, 21614, { status: 'refused', reason: 'bad_address' }],
    [400, 21610, { status: 'refused', reason: 'refused' }],
    [401, 20003, { status: 'later' }],
    [503, 20503, { status: 'later' }],
    [500, 20500, { status: 'unsure' }],
  ])('of status %i and code %i', async (status, code, handover) => {
    answer = { status, code };
    const way = createSmsWay({
      ...{ accountSid: ACCOUNT_SID, authTokens: [AUTH_TOKEN], from: 'SHOP' },
      ...{ publicUrl: 'https://voice.example.test', log: new LineLogger(), metrics: createMetrics() },
      apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    });
    const letter = { id: 'a', to: '+33612345678', text: 'x', subject: null, html: null } as const;
    expect(await way.hand({ ...letter, channel: 'sms', language: 'en' })).toEqual(handover);
  });
});

describe('the status of a short message', () => {
  const PUBLIC = 'https://voice.example.test';
  const PATH = '/twilio/messages/Zm9yIHRo-_/status';
  let reports: string[];
  let doors: Doors;
  beforeEach(async () => {
    reports = [];
    doors = await openDoors(PUBLIC, (id, report) => {
      reports.push(`${id} ${report}`);
      return Promise.resolve();
    });
  });
  afterEach(() => doors.close());

  async function post(status: string, how: { path?: string; token?: string } = {}): Promise<number> {
    const { path = PATH, token } = how;
    const parameters = { AccountSid: ACCOUNT, MessageSid: `SM${'0'.repeat(32)}`, MessageStatus: status };
    const { status: code } = await fetch(doors.base + path, {
      method: 'POST',
      headers: { 'X-Twilio-Signature': sign(PUBLIC + path, parameters, token) },
      body: new URLSearchParams(parameters),
    });
    return code;
  }

  it('is told under our id, as far as it says something', async () => {
    for (const status of ['queued', 'sending', 'sent', 'delivered', 'read', 'undelivered', 'failed', 'odd']) {
      expect(await post(status)).toBe(204);
    }
    expect(reports).toEqual([
      'Zm9yIHRo-_ sent',
      'Zm9yIHRo-_ delivered',
      'Zm9yIHRo-_ delivered',
      'Zm9yIHRo-_ failed',
      'Zm9yIHRo-_ failed',
    ]);
  });

  it('is believed from the carrier alone', async () => {
    expect(await post('delivered', { token: 'another token' })).toBe(403);
    expect(reports).toEqual([]);
  });

  it('is of no message whose id is none of ours', async () => {
    expect(await post('delivered', { path: '/twilio/messages/a%20b/status' })).toBe(204);
    expect(reports).toEqual([]);
  });
});
