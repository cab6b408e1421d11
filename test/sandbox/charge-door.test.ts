import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import express from 'express';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { chargeDoor } from '../../src/sandbox/charge-door.js';
import { answerProblem } from '../../src/sandbox/sandbox-pages.js';

const OWN = { 'sec-fetch-site': 'same-origin' };
const KEY = 'twk_for-tests-and-nothing-else';
const CHARGE = 'chg_0123456789ABCDEFGHJKMNPQRS';

/** What the service was asked; its answer is a problem, to see that it comes through. */
let asked: { line: string; headers: IncomingMessage['headers']; body: string }[];
let service: Server;
let door: express.Express;

async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(incoming);
  asked.push({ line: `${incoming.method} ${incoming.url}`, headers: incoming.headers, body });
  response.writeHead(409, { 'content-type': 'application/problem+json' }).end('{"code":"token_spent"}');
}

beforeAll(async () => {
  service = createServer((incoming, response) => void answer(incoming, response));
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  const serviceUrl = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  door = express().use(chargeDoor({ serviceUrl, apiKey: KEY }), answerProblem);
});
afterAll(() => void service.close());
beforeEach(() => void (asked = []));

describe('the door to charges', () => {
  it('adds the key, and passes on what the page says and what the service answers', async () => {
    const answer = await request(door)
      .post('/charges')
      .set({ ...OWN, 'idempotency-key': 'a', 'accept-language': 'fr' })
      .send({ amount: 1250 });
    expect([answer.status, answer.type, answer.text]).toEqual([
      409,
      'application/problem+json',
      '{"code":"token_spent"}',
    ]);
    expect(asked).toMatchObject([
      {
        line: 'POST /v1/charges',
        headers: {
          authorization: `Bearer ${KEY}`,
          'idempotency-key': 'a',
          'accept-language': 'fr',
          'content-type': 'application/json',
        },
        body: '{"amount":1250}',
      },
    ]);
  });

  it('leads to refunds and voids of a charge, and nowhere else', async () => {
    for (const path of [`/charges/${CHARGE}/refunds`, `/charges/${CHARGE}/void`])
      await request(door).post(path).set(OWN).send({});
    expect(asked.map(({ line }) => line)).toEqual([
      `POST /v1/charges/${CHARGE}/refunds`,
      `POST /v1/charges/${CHARGE}/void`,
    ]);
    for (const path of ['/charges/%2E%2E/void', '/charges/x/refunds', '/captures', '/tokens'])
      expect([path, (await request(door).post(path).set(OWN).send({})).status]).toEqual([path, 404]);
    expect(asked).toHaveLength(2);
  });

  it('opens to the sandbox’s own page only', async () => {
    const foreign = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
    for (const headers of [foreign, {}])
      expect((await request(door).post('/charges').set(headers).send({})).status).toBe(404);
    expect(asked).toEqual([]);
  });

  it('takes no more than a request can be', async () => {
    const long = { reference: 'x'.repeat(4 * 1024) };
    expect((await request(door).post('/charges').set(OWN).send(long)).status).toBe(413);
    expect(asked).toEqual([]);
  });

  it('says so when the service does not answer', async () => {
    const gone = express().use(chargeDoor({ serviceUrl: 'http://127.0.0.1:1', apiKey: KEY }), answerProblem);
    const answer = await request(gone).post('/charges').set(OWN).send({});
    expect([answer.status, answer.text.includes('the service does not answer')]).toEqual([503, true]);
  });
});
