import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/clock.js';
import type { Handover, Letter, Message, MessageView, MessageWay } from '../../src/message/messages.js';
import { messageId } from '../../src/message/message-store.js';
import { pauseMs, PostedMessages } from '../../src/message/posted-messages.js';
import { createMetrics } from '../../src/metrics.js';
import { parseRedisUrl } from '../../src/redis/redis-address.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import { LineLogger } from '../carrier/twilio/harness.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';

const TO = '+33612345678';
let count = 0;
let server: TestRedis;
let redis: RedisClient;
let log: LineLogger;
let messages: PostedMessages;
let letters: Letter[];
/** What the way says to the next letters; then `taken`. */
let answers: (Handover | 'hangs')[];

const way: MessageWay = {
  hand(letter) {
    letters.push(letter);
    const answer = answers.shift() ?? { status: 'taken' };
    return answer === 'hangs' ? new Promise(() => {}) : Promise.resolve(answer);
  },
  close: () => Promise.resolve(),
};

beforeAll(async () => {
  server = await startTestRedis();
  redis = await server.client();
});
afterAll(() => server.stop());
beforeEach(() => {
  [letters, answers] = [[], []];
  log = new LineLogger();
  messages = open();
});
afterEach(() => messages.close());

function open(): PostedMessages {
  return new PostedMessages({
    ...{ redis, address: parseRedisUrl(server.url), ways: { sms: way } },
    ...{ clock: systemClock, log, metrics: createMetrics() },
  });
}

function aMessage(more: Partial<Message> = {}): Message {
  return {
    ...{ merchant: 'shop', key: `chg_${++count} sms`, channel: 'sms', to: TO, subject: null },
    ...{ text: 'Paid: 12.50 EUR', html: null, language: 'en', ...more },
  };
}

/** Resolves when a message is in a state. */
function until({ key }: Message, state: MessageView['state']): Promise<MessageView> {
  return new Promise((resolve) =>
    messages.watch((view) => {
      if (view.key === key && view.state === state) resolve(view);
      return Promise.resolve();
    }),
  );
}

const soon = () => 1;

describe('a message', () => {
  it('is kept, sent once, and forgotten but for what became of it', async () => {
    const message = aMessage();
    const first = await messages.send(message);
    expect(first).toEqual({
      ...{ merchant: 'shop', key: message.key, channel: 'sms', to: '+336******78', state: 'queued' },
      ...{ reason: null, updated_at: expect.any(String) },
    });
    expect(await messages.send({ ...message, text: 'Something else' })).toEqual(first);
    const sent = until(message, 'sent');
    messages.start(soon);
    expect(await sent).toEqual({ ...first, state: 'sent', updated_at: expect.any(String) });
    expect(await messages.send(message)).toMatchObject({ state: 'sent' });
    expect(await messages.find('shop', message.key)).toMatchObject({ state: 'sent' });
    expect(await messages.find('another', message.key)).toBeNull();
    expect(letters).toEqual([
      {
        ...{ id: messageId('shop', message.key), channel: 'sms', to: TO, subject: null },
        ...{ text: 'Paid: 12.50 EUR', html: null, language: 'en' },
      },
    ]);
    const kept = await server.admin.hgetall(`tw:m:{${messageId('shop', message.key)}}`);
    expect(JSON.stringify(kept)).not.toMatch(/612345678|Paid/);
  });

  it('is tried again until it is taken', async () => {
    answers = [{ status: 'later' }, { status: 'later' }];
    const message = aMessage();
    await messages.send(message);
    const sent = until(message, 'sent');
    messages.start(soon);
    await sent;
    expect(letters).toHaveLength(3);
  });

  it('is given up after a day', async () => {
    answers = Array<Handover>(20).fill({ status: 'later' });
    const message = aMessage();
    await messages.send(message);
    const failed = until(message, 'failed');
    messages.start(soon);
    expect(await failed).toMatchObject({ reason: 'unreachable' });
    expect(letters).toHaveLength(11);
    const waited = Array.from({ length: 10 }, (_, n) => pauseMs(n + 1)).reduce((sum, ms) => sum + ms, 0);
    expect(waited / 3_600_000).toBeCloseTo(23.7, 1);
    expect(log.lines).toContainEqual(
      `a message did not arrive {"detail":"${message.key}","reason":"unreachable"}`,
    );
  });

  it.each<[Handover, string]>([
    [{ status: 'refused', reason: 'bad_address' }, 'bad_address'],
    [{ status: 'refused', reason: 'refused' }, 'refused'],
    [{ status: 'unsure' }, 'unconfirmed'],
  ])('is not tried again after %j', async (answer, reason) => {
    answers = [answer];
    const message = aMessage();
    await messages.send(message);
    const failed = until(message, 'failed');
    messages.start(soon);
    expect(await failed).toMatchObject({ reason });
    await messages.send(message);
    expect(letters).toHaveLength(1);
  });

  it('that a dead process was handing over is not handed over again', async () => {
    answers = ['hangs'];
    const message = aMessage();
    const id = messageId('shop', message.key);
    await messages.send(message);
    // As that process left it.
    await server.admin.hset(`tw:m:{${id}}`, 'stage', 'sending');
    const failed = until(message, 'failed');
    messages.start(soon);
    expect(await failed).toMatchObject({ reason: 'unconfirmed' });
    expect(letters).toEqual([]);
    await messages.reported(id, 'delivered');
    expect(await messages.find('shop', message.key)).toMatchObject({ state: 'delivered', reason: null });
  });

  it('survives the end of the process that took it', async () => {
    const message = aMessage();
    await messages.send(message);
    await messages.close();
    messages = open();
    const sent = until(message, 'sent');
    messages.start(soon);
    await sent;
    expect(letters).toHaveLength(1);
  });

  it('is told of again to a watcher that failed', async () => {
    const message = aMessage();
    let failures = 2;
    const heard = new Promise<MessageView>((resolve) =>
      messages.watch((view) => {
        if (failures-- > 0) return Promise.reject(new Error('redis is away'));
        resolve(view);
        return Promise.resolve();
      }),
    );
    await messages.send(message);
    messages.start(soon);
    expect(await heard).toMatchObject({ key: message.key, state: 'sent' });
    expect(letters).toHaveLength(1);
  });

  it.each([
    ['sent, delivered', ['sent', 'delivered'], 'delivered', null],
    ['delivered, sent', ['delivered', 'sent'], 'delivered', null],
    ['sent, failed', ['sent', 'failed'], 'failed', 'undelivered'],
    ['failed, sent', ['failed', 'sent'], 'failed', 'undelivered'],
  ] as const)('that was sent is what the carrier says of it: %s', async (_order, reports, state, reason) => {
    const message = aMessage();
    await messages.send(message);
    const sent = until(message, 'sent');
    messages.start(soon);
    await sent;
    for (const report of reports) await messages.reported(messageId('shop', message.key), report);
    expect(await messages.find('shop', message.key)).toMatchObject({ state, reason });
  });

  it('that the carrier knows nothing of is nothing', async () => {
    await messages.reported('unknown', 'delivered');
    expect(await messages.find('shop', 'unknown')).toBeNull();
  });

  it.each<[string, Partial<Message>]>([
    ['holds a card number', { text: 'Card 4242 4242 4242 4242' }],
    ['goes to no number', { to: '0612345678' }],
    ['goes to two', { to: '+33612345678,+33612345679' }],
    ['is too long', { text: 'x'.repeat(1601) }],
    ['has two lines of subject', { subject: 'a\r\nBcc: all@example.com' }],
  ])('is refused where it %s', async (_what, more) => {
    await expect(messages.send(aMessage(more))).rejects.toMatchObject({ code: 'bad_request' });
  });

  it('is refused where the channel is not set up, and the error says how', async () => {
    const mail = aMessage({ channel: 'email', to: 'jane@example.com' });
    expect(messages.can('email')).toBe(false);
    await expect(messages.send(mail)).rejects.toMatchObject({
      code: 'bad_request',
      message: "email can't be sent: set SMTP_URL",
    });
  });
});
