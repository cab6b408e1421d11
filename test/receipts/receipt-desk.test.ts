import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/clock.js';
import { createCrm, type Crm } from '../../src/crm/crm.js';
import type { CrmEvent, LoggedEvent } from '../../src/crm/event.js';
import { bucketOf, newId } from '../../src/id.js';
import { messageId } from '../../src/message/message-store.js';
import type { Handover, Letter, MessageWay } from '../../src/message/messages.js';
import { PostedMessages } from '../../src/message/posted-messages.js';
import { createMetrics } from '../../src/metrics.js';
import { ReceiptDesk } from '../../src/receipts/receipt-desk.js';
import { loadReceiptTexts } from '../../src/receipts/receipt-texts.js';
import type { ReceiptPlan } from '../../src/receipts/receipts.js';
import { parseRedisUrl } from '../../src/redis/redis-address.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import { LineLogger } from '../carrier/twilio/harness.js';
import { anEvent } from '../support/events.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';

const MERCHANT = 'default';
const PLAN: ReceiptPlan = {
  ...{ sms: '+33612345678', email: null, language: 'en', registers: false, lastFour: '4242' },
};

let server: TestRedis;
let redis: RedisClient;
let log: LineLogger;
let letters: Letter[];
let answers: Handover[];
let crm: Crm;
let messages: PostedMessages;
let receipts: ReceiptDesk;

const way: MessageWay = {
  hand(letter) {
    letters.push(letter);
    return Promise.resolve(answers.shift() ?? { status: 'taken' });
  },
  close: () => Promise.resolve(),
};

beforeAll(async () => {
  server = await startTestRedis();
  redis = await server.client();
});
afterAll(() => server.stop());
beforeEach(async () => {
  [letters, answers] = [[], []];
  log = new LineLogger();
  await server.admin.flushall();
  await open();
});
afterEach(close);

async function open(
  ways: { sms?: MessageWay; email?: MessageWay } = { sms: way, email: way },
): Promise<void> {
  const shared = { redis, clock: systemClock, log, metrics: createMetrics() };
  const address = parseRedisUrl(server.url);
  messages = new PostedMessages({ ...shared, address, ways });
  crm = createCrm({
    ...{ ...shared, address, webhook: null, merchants: [MERCHANT] },
    follow: (event) => receipts.follow(event),
  });
  receipts = new ReceiptDesk({
    ...{ redis, messages, texts: await loadReceiptTexts('ivr-flows/receipts'), outbox: crm.outbox, log },
    ...{ lastFourOf: () => Promise.resolve('1111'), live: false },
  });
}

async function close(): Promise<void> {
  await crm.stop();
  await messages.close();
}

function start(): void {
  crm.start();
  messages.start(() => 1);
}

/** A charge that has just been approved, its receipts planned in the same write. */
async function approve(plan: ReceiptPlan | null, data: Record<string, unknown> = {}): Promise<CrmEvent> {
  const id = newId('chg_');
  const event = anEvent({
    ...{ merchant: MERCHANT, type: 'charge.approved', timestamp: '2026-11-22T10:05:00.000Z' },
    data: { id, amount: 1250, currency: 'EUR', reference: 'order-77', capture_id: null, ...data },
  });
  await write(event, plan);
  return event;
}

async function write(
  event: CrmEvent,
  plan: ReceiptPlan | null,
  at = String(event.data['id']),
): Promise<void> {
  const writes = plan === null ? [] : [receipts.planned(MERCHANT, at, plan)];
  await crm.outbox.write({ event, bucket: bucketOf(at) ?? 0, writes });
}

/** The events of receipts, once there are so many. */
async function told(count: number): Promise<LoggedEvent[]> {
  for (;;) {
    const { events } = await crm.log.list(MERCHANT, { since: null, cursor: null, limit: 100 });
    const found = events.filter(
      ({ type, data }) => type.startsWith('receipt.') && ours.has(String(data['about'])),
    );
    if (found.length >= count) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
const ours = new Set<string>();
beforeEach(() => ours.clear());

describe('a receipt', () => {
  it('of a charge goes to the payer, and the merchant hears of it', async () => {
    const { data } = await approve({ ...PLAN, email: 'jane@example.com' });
    const id = String(data['id']);
    ours.add(id);
    start();
    const events = await told(2);
    const [sms, mail] = letters.toSorted((a, b) => (a.channel < b.channel ? 1 : -1));
    expect(sms).toEqual({
      ...{ id: messageId(MERCHANT, `receipt ${id} sms`), channel: 'sms', to: '+33612345678', subject: null },
      text:
        'Example Shop: you paid €12.50 on 22 November 2026 at 11:05 CET, card ending in 4242. ' +
        'Reference: order-77. Questions or complaints: +33 1 23 45 67 89, care@shop.example',
      ...{ html: null, language: 'en' },
    });
    expect(mail).toMatchObject({
      ...{ channel: 'email', to: 'jane@example.com', subject: 'Your payment of €12.50 to Example Shop' },
      html: expect.stringContaining('<strong>€12.50</strong>'),
    });
    const view = { kind: 'charge', about: id, state: 'sent', reason: null, updated_at: expect.any(String) };
    const views = [
      { ...view, channel: 'sms', to: '+336******78' },
      { ...view, channel: 'email', to: 'j***@example.com' },
    ];
    expect(events.map(({ type }) => type)).toEqual(['receipt.sent', 'receipt.sent']);
    expect(events.map((event) => event.data)).toEqual(expect.arrayContaining(views));
    expect(await receipts.list(MERCHANT, id)).toEqual(views);
    expect(await receipts.list('another', id)).toEqual([]);
  });

  it('of a refund says what goes back, and the digits of the card that was keyed', async () => {
    const capture = newId('cap_');
    const refund = newId('rfd_');
    ours.add(refund);
    const event = anEvent({
      ...{ merchant: MERCHANT, type: 'refund.succeeded', timestamp: '2026-11-22T10:05:00.000Z' },
      data: {
        ...{ id: newId('chg_'), amount: 1250, currency: 'EUR', reference: null, capture_id: capture },
        refund: { id: refund, kind: 'refund', amount: 250 },
      },
    });
    await write(event, { ...PLAN, lastFour: null, language: 'fr' }, capture);
    start();
    await told(1);
    expect(letters.map(({ text }) => text)).toEqual([
      expect.stringContaining('2,50 € vous sont remboursés (carte se terminant par 1111)'),
    ]);
    expect(letters[0]?.text).toContain(String(event.data['id']));
  });

  it.each([
    ['that is kept', 'token', true, 1],
    ['that was verified and is kept', 'verify', true, 1],
    ['for one payment', 'token', false, 0],
    ['that was charged: the charge tells of itself', 'charge', true, 0],
  ])('of a card %s', async (_what, outcome, registers, count) => {
    const capture = newId('cap_');
    ours.add(capture);
    const event = anEvent({
      ...{ merchant: MERCHANT, type: 'capture.completed', timestamp: '2026-11-22T10:05:00.000Z' },
      data: { capture_id: capture, outcome, reference: 'order-77', card: { brand: 'visa', last4: '4242' } },
    });
    await write(event, { ...PLAN, registers, lastFour: null }, capture);
    // Behind it, so that a receipt that should not be would have come first.
    const last = await approve(PLAN);
    ours.add(String(last.data['id']));
    start();
    await told(count + 1);
    const about = letters.filter(({ text }) => text.includes('your card ending in 4242 is kept'));
    expect(about).toHaveLength(count);
    expect(letters).toHaveLength(count + 1);
  });

  it('is of no charge that asked for none, and of none that was declined', async () => {
    await approve(null);
    const declined = newId('chg_');
    await write(
      anEvent({ merchant: MERCHANT, type: 'charge.declined', data: { id: declined } }),
      PLAN,
      declined,
    );
    const last = await approve(PLAN);
    ours.add(String(last.data['id']));
    start();
    await told(1);
    expect(letters).toHaveLength(1);
  });

  it('comes once, however often the event is told', async () => {
    const event = await approve(PLAN);
    ours.add(String(event.data['id']));
    start();
    await told(1);
    for (let again = 0; again < 3; again++) await receipts.follow(event);
    await write(event, null);
    const last = await approve(PLAN);
    ours.add(String(last.data['id']));
    await told(2);
    expect(letters).toHaveLength(2);
  });

  it('is told of once, however often it is heard that it was sent', async () => {
    const event = await approve(PLAN);
    const id = String(event.data['id']);
    ours.add(id);
    start();
    await told(1);
    await messages.reported(messageId(MERCHANT, `receipt ${id} sms`), 'delivered');
    const last = await approve(PLAN);
    ours.add(String(last.data['id']));
    const events = await told(2);
    expect(new Set(events.map(({ data }) => data['about'])).size).toBe(2);
    expect(events).toHaveLength(2);
    expect(await receipts.list(MERCHANT, id)).toMatchObject([{ state: 'delivered' }]);
  });

  it('comes after a process that died between the charge and it', async () => {
    const event = await approve(PLAN);
    ours.add(String(event.data['id']));
    await close();
    await open();
    start();
    await told(1);
    expect(letters).toHaveLength(1);
  });

  it('that fails is told to the merchant, also when it was sent before', async () => {
    answers = [{ status: 'refused', reason: 'bad_address' }, { status: 'taken' }];
    const first = await approve(PLAN);
    ours.add(String(first.data['id']));
    start();
    expect(await told(1)).toMatchObject([
      { type: 'receipt.failed', sequence: 1, data: { reason: 'bad_address' } },
    ]);
    const second = await approve(PLAN);
    const id = String(second.data['id']);
    ours.add(id);
    await told(2);
    await messages.reported(messageId(MERCHANT, `receipt ${id} sms`), 'failed');
    expect((await told(3)).at(-1)).toMatchObject({
      ...{ type: 'receipt.failed', sequence: 3 },
      data: { about: id, state: 'failed', reason: 'undelivered' },
    });
  });

  it('that would hold a card number is not sent, and holds nothing up', async () => {
    await approve(PLAN, { reference: '4242 4242 4242 4242' });
    const last = await approve(PLAN);
    ours.add(String(last.data['id']));
    start();
    await told(1);
    expect(letters).toHaveLength(1);
    expect(log.lines.join()).toContain('a receipt could not be written');
    expect(log.lines.join()).not.toMatch(/4242|612345678/);
  });

  it('of an event that makes no sense holds nothing up', async () => {
    const odd = newId('chg_');
    await write(anEvent({ merchant: MERCHANT, type: 'charge.approved', data: { id: odd } }), PLAN, odd);
    const last = await approve(PLAN);
    ours.add(String(last.data['id']));
    start();
    await told(1);
    expect(letters).toHaveLength(1);
  });
});

describe('what is asked for', () => {
  it.each([
    [{ sms: '+33612345678', email: null }, null],
    [{ sms: null, email: 'jane@example.com' }, "receipt.email can't be sent: set SMTP_URL"],
    [{ sms: '0612345678', email: null }, 'receipt.sms is no address that can be written to'],
  ])('and can not be sent is refused, with what to set: %j', async (addresses, fault) => {
    await close();
    await open({ sms: way });
    const insisting = () => receipts.insist(MERCHANT, addresses);
    if (fault === null) expect(insisting).not.toThrow();
    else expect(insisting).toThrow(expect.objectContaining({ code: 'bad_request', message: fault }));
  });

  it('of a merchant that nobody has named to payers is refused', () => {
    expect(() => receipts.insist('another', { sms: '+33612345678', email: null })).toThrow(
      "receipt.sms can't be sent: another is not in ivr-flows/receipts/merchants.yaml",
    );
    expect([receipts.can('another', 'sms'), receipts.can(MERCHANT, 'sms')]).toEqual([false, true]);
  });
});
