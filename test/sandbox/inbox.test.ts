import { describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { Inbox, MAX_EVENTS } from '../../src/sandbox/inbox.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const OTHER = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
const BODY =
  '{"type":"call.started","timestamp":"2026-01-01T00:00:00Z","livemode":false,"sequence":1,"data":{}}';
const AT = '2026-01-01T00:00:01.000Z';

function signed(id: string, body = BODY, secret = SECRET, at = new Date()) {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, at, body),
  };
}

describe('the inbox', () => {
  it('keeps a verified event whole', () => {
    const inbox = new Inbox([SECRET]);
    expect(inbox.receive(signed('evt_1'), BODY, AT)).toEqual({
      id: 'evt_1',
      verdict: 'verified',
      received_at: AT,
      deliveries: 1,
      type: 'call.started',
      sequence: 1,
      body: JSON.parse(BODY) as unknown,
    });
  });

  it('counts an id that comes again once', () => {
    const inbox = new Inbox([SECRET]);
    inbox.receive(signed('evt_1'), BODY, AT);
    inbox.receive(signed('evt_1'), BODY, '2026-01-01T00:00:09.000Z');
    expect([...inbox.events]).toMatchObject([{ id: 'evt_1', deliveries: 2, received_at: AT }]);
  });

  it('takes either secret while they rotate', () => {
    const inbox = new Inbox([OTHER, SECRET]);
    expect(inbox.receive(signed('evt_1'), BODY, AT).verdict).toBe('verified');
  });

  it('says what is wrong with a signature', () => {
    const inbox = new Inbox([SECRET]);
    const hourAgo = new Date(Date.now() - 3_600_000);
    const verdict = (headers: Record<string, string>, body = BODY) =>
      inbox.receive(headers, body, AT).verdict;
    expect(verdict(signed('evt_1', BODY, OTHER))).toBe('wrong-signature');
    expect(verdict(signed('evt_1'), BODY.replace('started', 'ended'))).toBe('wrong-signature');
    expect(verdict(signed('evt_1', BODY, SECRET, hourAgo))).toBe('too-old');
    expect(verdict({ 'webhook-id': 'evt_1' })).toBe('unsigned');
  });

  it('does not let a forged delivery take the place of a real one', () => {
    const inbox = new Inbox([SECRET]);
    inbox.receive(signed('evt_1'), BODY, AT);
    inbox.receive(signed('evt_1', '{}', OTHER), '{}', AT);
    expect([...inbox.events].map(({ verdict, type }) => [verdict, type])).toEqual([
      ['verified', 'call.started'],
      ['wrong-signature', '?'],
    ]);
  });

  it('forgets the oldest when it is full', () => {
    const inbox = new Inbox([SECRET]);
    for (let i = 0; i <= MAX_EVENTS; i++) inbox.receive({ 'webhook-id': `evt_${i}` }, 'no JSON', AT);
    const ids = [...inbox.events].map(({ id }) => id);
    expect(ids).toHaveLength(MAX_EVENTS);
    expect(ids[0]).toBe('evt_1');
  });
});
