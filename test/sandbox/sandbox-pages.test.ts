import express from 'express';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import type { Movement } from '../../src/psp/simulated/ledger.js';
import { ShortMessages } from '../../src/carrier/simulated/short-messages.js';
import { systemClock } from '../../src/clock.js';
import { MailCatcher } from '../../src/sandbox/mail-catcher.js';
import { MailWay } from '../../src/message/mail-way.js';
import { createSandboxPages } from '../../src/sandbox/sandbox-pages.js';
import type { SandboxStart } from '../../src/sandbox/sandbox-start.js';
import { LineLogger } from '../carrier/twilio/harness.js';
import { ACCOUNT_SID } from '../support/carrier.js';
import { ManualClock } from '../support/manual-clock.js';

const OWN = { 'sec-fetch-site': 'same-origin' };
const START: SandboxStart = {
  number: '+33199000001',
  caller: '+33639980001',
  agent_page_url: 'http://127.0.0.1:8080/console/',
  docs_url: 'http://127.0.0.1:8080/docs',
  code_page_url: 'http://127.0.0.1:8080/l',
  simulates_payments: true,
};

const MOVEMENTS = ['chg_1', 'chg_2'].map((reference): Movement => ({
  kind: 'take',
  reference,
  amount: 1250,
  currency: 'EUR',
}));

describe('the sandbox’s pages', () => {
  let server: Server;
  let url: string;
  let mails: MailCatcher;

  const messages = new ShortMessages({
    accountSid: ACCOUNT_SID,
    clock: systemClock,
    reaches: () => true,
    call: () => Promise.resolve(),
  });

  beforeAll(async () => {
    mails = await MailCatcher.start(systemClock);
    const pages = createSandboxPages({
      start: START,
      webhookSecrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
      clock: new ManualClock(),
      ...{ webRoot: '/nowhere', messages, mails },
      ...{ serviceUrl: 'http://127.0.0.1:1', apiKey: 'twk_for-tests', movements: () => MOVEMENTS },
    });
    server = createServer(express().use(pages));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    server.close();
    server.closeAllConnections();
    await mails.close();
  });

  /** A mail as the service writes it. */
  async function mail(text: string, html: string | null): Promise<void> {
    const { port } = new URL(mails.url);
    const way = new MailWay({
      server: { host: '127.0.0.1', port: Number(port), tls: 'none', user: null },
      ...{ from: 'Shop <shop@sandbox.invalid>', clock: systemClock, log: new LineLogger() },
    });
    const letter = { id: 'Zm9yIHRoZSBtYWlsIHRlc3Qgbm', channel: 'email', subject: 'Your payment' } as const;
    await way.hand({ ...letter, to: 'payer@example.com', language: 'en', text, html });
  }

  it('tell their own pages, and no other, who is who', async () => {
    expect((await request(url).get('/sandbox.json').set(OWN)).body).toEqual(START);
    expect((await request(url).get('/sandbox.json').set({ 'sec-fetch-site': 'cross-site' })).status).toBe(
      404,
    );
    expect(
      (
        await request(url)
          .get('/sandbox.json')
          .set({ ...OWN, host: 'evil.example' })
      ).status,
    ).toBe(404);
  });

  it('let no other site make the inbox refuse', async () => {
    const foreign = await request(url)
      .put('/inbox/refusing')
      .set({ origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' })
      .send('true');
    expect(foreign.status).toBe(404);
    expect((await request(url).post('/inbox/events').send('{}')).status).toBe(401);
  });

  it('answer a delivery that can’t be read, and go on', async () => {
    const tooLong = 'x'.repeat(64 * 1024 + 1);
    expect((await request(url).post('/inbox/events').type('text').send(tooLong)).status).toBe(413);
    expect((await request(url).post('/inbox/events').type('json').send('{"half":')).status).toBe(401);
  });

  it('show what the payment provider has moved, all of it or under one name', async () => {
    expect((await request(url).get('/ledger.json')).body).toEqual({ movements: MOVEMENTS });
    const one = await request(url).get('/ledger.json?reference=chg_2');
    expect(one.body).toEqual({ movements: MOVEMENTS.slice(1) });
    expect((await request(url).get('/ledger.json').set({ host: 'evil.example' })).status).toBe(404);
  });

  it('tell the telephone of its own messages and of every mail, those of before and those that come', async () => {
    expect((await request(url).get('/phone/messages')).status).toBe(404);
    messages.send(START.number, START.caller, 'first', null);
    messages.send(START.number, '+33639980009', 'for somebody else', null);
    await mail('by mail', null);
    const stream = await fetch(`${url}/phone/messages`, { headers: OWN });
    messages.send(START.number, START.caller, 'second', null);
    await mail('last', '<p>last</p>');
    const seen: string[] = [];
    const decoder = new TextDecoder();
    for await (const chunk of stream.body ?? []) {
      const told = decoder.decode(chunk, { stream: true }).matchAll(/"text":"([^"]*)"/g);
      seen.push(...[...told].map(([, words]) => words ?? ''));
      if (seen.includes('last')) break;
    }
    expect(seen).toEqual(['first', 'by mail', 'second', 'last']);
  });

  it('show the HTML of a mail where nothing of it runs, loads or knows us', async () => {
    const html = '<p>Paid.</p><script>fetch("/sandbox.json")</script>';
    await mail('Paid.', html);
    const path = `/phone/mails/${mails.all.at(-1)?.id ?? ''}`;
    const shown = await request(url).get(path).set(OWN);
    expect([shown.status, shown.type, shown.text]).toEqual([200, 'text/html', html]);
    expect(shown.headers).toMatchObject({
      'content-security-policy': expect.stringMatching(/^default-src 'none';.*; sandbox allow-popups /),
      ...{ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' },
    });
    expect((await request(url).get(path)).status).toBe(404);
    await mail('no HTML', null);
    expect(
      (
        await request(url)
          .get(`/phone/mails/${mails.all.at(-1)?.id ?? ''}`)
          .set(OWN)
      ).status,
    ).toBe(404);
  });

  it('say so when they are not built', async () => {
    const page = await request(url).get('/phone');
    expect([page.status, page.text.includes('npm run build')]).toEqual([404, true]);
  });
});
