import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Webhook as Verifier } from 'standardwebhooks';
import { systemClock } from '../../src/clock.js';
import { Webhook } from '../../src/crm/webhook.js';
import { anEvent } from '../support/events.js';
import { ok, startInbox, status, type Inbox } from '../support/inbox.js';

const secret = () => `whsec_${randomBytes(24).toString('base64')}`;
const patient = new AbortController().signal;
let inbox: Inbox;
beforeEach(async () => {
  inbox = await startInbox();
});
afterEach(() => inbox.close());

const webhookTo = (url: string, secrets: readonly string[], timeoutMs = 5_000) =>
  new Webhook({ url, secrets, clock: systemClock, timeoutMs });

describe('an event', () => {
  it('arrives as promised, and verifies', async () => {
    const key = secret();
    const event = anEvent({ data: { reference: 'Réf 1' } });
    expect(await webhookTo(inbox.url, [key]).send(event, patient)).toEqual({
      outcome: 'delivered',
      status: 204,
    });
    const [{ headers, body } = { headers: {}, body: '' }] = inbox.received;
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': event.id });
    expect(Object.keys(JSON.parse(body) as object)).toEqual([
      'type',
      'timestamp',
      'livemode',
      'sequence',
      'data',
    ]);
    const { type, timestamp, livemode, sequence, data } = event;
    expect(new Verifier(key).verify(body, headers)).toEqual({ type, timestamp, livemode, sequence, data });
    expect(() => new Verifier(key).verify(`${body} `, headers)).toThrow();
    expect(() => new Verifier(secret()).verify(body, headers)).toThrow();
  });

  it('verifies with either secret while they are rotated', async () => {
    const [older, newer] = [secret(), secret()];
    await webhookTo(inbox.url, [newer, older]).send(anEvent(), patient);
    const [{ headers, body } = { headers: {}, body: '' }] = inbox.received;
    expect(new Verifier(older).verify(body, headers)).toBeDefined();
    expect(new Verifier(newer).verify(body, headers)).toBeDefined();
  });
});

describe('an attempt', () => {
  it.each([400, 404, 410, 429, 500, 503])('answered %i is refused', async (code) => {
    inbox.answer = status(code);
    expect(await webhookTo(inbox.url, [secret()]).send(anEvent(), patient)).toEqual({
      outcome: 'refused',
      status: code,
    });
  });

  it('that is redirected goes nowhere else', async () => {
    const other = await startInbox();
    inbox.answer = status(307, { location: other.url });
    expect(await webhookTo(inbox.url, [secret()]).send(anEvent(), patient)).toEqual({
      outcome: 'refused',
      status: 307,
    });
    expect(other.received).toEqual([]);
    await other.close();
  });

  it('without an answer ends by time', async () => {
    inbox.answer = () => {};
    expect(await webhookTo(inbox.url, [secret()], 100).send(anEvent(), patient)).toEqual({
      outcome: 'timeout',
    });
  });

  it('with an endless answer does not wait for its end', async () => {
    inbox.answer = (response) => {
      response.writeHead(200);
      const pour = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
        if (!response.destroyed) response.once('drain', pour);
      };
      pour();
    };
    expect(await webhookTo(inbox.url, [secret()]).send(anEvent(), patient)).toEqual({
      outcome: 'delivered',
      status: 200,
    });
  });

  it('to nobody is unreachable', async () => {
    const { url } = inbox;
    await inbox.close();
    expect(await webhookTo(url, [secret()]).send(anEvent(), patient)).toEqual({ outcome: 'unreachable' });
    inbox = await startInbox();
  });

  it('whose connection is cut is unreachable', async () => {
    inbox.answer = (response) => void response.socket?.destroy();
    expect(await webhookTo(inbox.url, [secret()]).send(anEvent(), patient)).toEqual({
      outcome: 'unreachable',
    });
    inbox.answer = ok;
  });
});
