import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Flow } from '../../src/capture/flow.js';
import type { LinkView } from '../../src/capture/view.js';
import type { LinkRequest } from '../../src/call/links.js';
import { declineOf } from '../../src/charge/refusals.js';
import type { Taken } from '../../src/charge/till.js';
import { AppError } from '../../src/errors.js';
import type { PromptName } from '../../src/flow/prompts.js';
import { adviceOf } from '../../src/fraud/advice.js';
import type { DeclineCode } from '../../src/psp/decline-code.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';
import { openDesk, press, REQUEST, TOKEN } from './desk-world.js';

const NUMBER = '4242424242424242';
const LINK: LinkView = {
  ...{ id: 'lnk_1', capture_id: 'cap_1', status: 'created', channel: 'sms', to: '+336******01' },
  ...{ delivery: 'queued', address: 'https://pay.example/l', code: '4F7K-92QX' },
  ...{ created_at: '2026-01-01T00:00:00.000Z', expires_at: '2026-01-01T00:30:00.000Z' },
};

let redis: TestRedis;
let client: RedisClient;
let world: Awaited<ReturnType<typeof openDesk>>;

beforeAll(async () => {
  redis = await startTestRedis();
  client = await redis.client();
});
beforeEach(async () => {
  world = await openDesk(client);
});
afterAll(() => redis.stop());

function refusal(code: DeclineCode): Taken {
  return { status: 'refused', decline: declineOf(code, 'en'), charge: null };
}

/** A talk in which EUR 12.50 is to be charged, by a flow that has links sent or not. */
async function charging(send_link: Flow['capture']['send_link'], from?: string) {
  const { desk, outside, heard, prompts } = world;
  const talk = await world.talk(from);
  talk.call.flow.capture.send_link = send_link;
  const asked: [string, LinkRequest][] = [];
  /** As links do it: what is keyed is handed over to the page. */
  outside.linked = (captureId, request) => {
    asked.push([captureId, request]);
    const session = talk.call.session;
    if (session?.collecting && !session.handOver()) throw new AppError('link_not_possible', 'too late');
    session?.show({ ...session.view(), status: 'processing', link: LINK });
    return Promise.resolve(LINK);
  };
  outside.taken = () => Promise.resolve(refusal('authentication_required'));
  const money = { outcome: 'charge', amount: 1250, currency: 'EUR' } as const;
  const arm = () => desk.arm('default', { ...REQUEST, ...money, call: talk.call.id });
  const { id } = await arm();
  const later = async () => {
    for (let round = 0; round < 4; round++) {
      await client.command('PING');
      await new Promise(setImmediate);
    }
    talk.pass(160);
  };
  return {
    ...{ ...talk, id, asked, arm, later },
    key: async (keys: string) => {
      press(talk.handler, keys);
      await later();
    },
    advice: () => talk.call.desk.capture?.advice ?? null,
    /** Which of these both have heard by the time that the longest has been said. */
    hear: (...names: PromptName[]) => {
      talk.pass(15_000);
      const both = ['caller', 'agent'] as const;
      return names.filter((name) => both.every((who) => heard(who).includes(Buffer.from(prompts[name]))));
    },
  };
}

const SENTENCES = ['link_sent', 'declined_authentication_required'] as const;

describe('a flow that has a link sent when a bank wants it', () => {
  it('sends it to the number that the caller phones from, and both hear of that alone', async () => {
    const taking = await charging('refused');
    await taking.key(`${NUMBER}1234123`);
    expect(taking.asked).toEqual([[taking.id, { channel: 'sms', to: null }]]);
    expect(taking.hear(...SENTENCES)).toEqual(['link_sent']);
    expect(taking.call.desk.capture).toMatchObject({ status: 'processing', link: LINK, advice: null });
    expect(world.told.at(-1)?.event).toMatchObject({
      ...{ type: 'capture.failed', data: { decline: { code: 'authentication_required', next: 'link' } } },
    });
    taking.handler.closed();
  });

  it('waits until the end of the capture is durable, and says that it takes a while', async () => {
    let durable = (): void => {};
    world.outside.durable = () => new Promise((resolve) => (durable = resolve));
    const taking = await charging('refused');
    await taking.key(`${NUMBER}1234123`);
    taking.pass(4_500);
    await taking.later();
    expect(taking.asked).toEqual([]);
    expect(world.heard('caller').includes(Buffer.from(world.prompts.please_wait))).toBe(true);
    durable();
    await taking.later();
    expect(taking.asked).toHaveLength(1);
    expect(taking.hear(...SENTENCES)).toEqual(['link_sent']);
    taking.handler.closed();
  });

  it('does not wait for ever', async () => {
    world.outside.durable = () => new Promise(() => {});
    const taking = await charging('refused');
    world.outside.linked = () => Promise.reject(new AppError('redis_unavailable', 'away'));
    await taking.key(`${NUMBER}1234123`);
    taking.pass(5_000);
    await taking.later();
    expect(taking.hear(...SENTENCES)).toEqual(['declined_authentication_required']);
    taking.handler.closed();
  });

  it('sends none after another refusal, nor before a bank is asked', async () => {
    const taking = await charging('refused');
    world.outside.foreseen = () => adviceOf('likely_refused_by_phone', 'en');
    world.outside.taken = () => Promise.resolve(refusal('insufficient_funds'));
    await taking.key(`${NUMBER}1234123`);
    expect(taking.asked).toEqual([]);
    expect(taking.hear('link_sent', 'declined_insufficient_funds')).toEqual(['declined_insufficient_funds']);
    taking.handler.closed();
  });

  it('sends none to who has hung up', async () => {
    let answer = (_taken: Taken): void => {};
    const taking = await charging('refused');
    world.outside.taken = () => new Promise((resolve) => (answer = resolve));
    await taking.key(`${NUMBER}1234123`);
    taking.handler.closed();
    answer(refusal('authentication_required'));
    await taking.later();
    expect(taking.asked).toEqual([]);
    expect(await world.desk.capture('default', taking.id)).toMatchObject({ reason: 'charge_declined' });
  });

  it('says nothing of it into a capture that has begun since', async () => {
    let durable = (): void => {};
    world.outside.durable = () => new Promise((resolve) => (durable = resolve));
    const taking = await charging('refused');
    await taking.key(`${NUMBER}1234123`);
    const { id } = await taking.arm();
    durable();
    await taking.later();
    expect(taking.asked).toEqual([]);
    expect(taking.hear(...SENTENCES)).toEqual([]);
    expect(taking.call.desk.capture).toMatchObject({ id, status: 'collecting', advice: null });
    taking.handler.closed();
  });
});

describe('a link that can not be sent by itself', () => {
  it.each(['', 'anonymous', '+266696687', '+33199000002', 'sip:caller@example.com'])(
    'as the number is withheld or takes no messages (%s): the refusal is heard, the agent reads why',
    async (from) => {
      const taking = await charging('refused', from);
      await taking.key(`${NUMBER}1234123`);
      expect(taking.asked).toEqual([]);
      expect(taking.advice()).toEqual(adviceOf('link_no_number', 'en'));
      expect(world.warned()).toEqual([]);
      expect(await world.desk.capture('default', taking.id)).toMatchObject({
        ...{ status: 'failed', decline: { next: 'link' }, advice: { code: 'link_no_number' } },
      });
      expect(taking.hear(...SENTENCES)).toEqual(['declined_authentication_required']);
      taking.handler.closed();
    },
  );

  it('as no messages are set up: the same', async () => {
    world.outside.channels = ['spoken'];
    const taking = await charging('refused');
    await taking.key(`${NUMBER}1234123`);
    expect([taking.asked, taking.advice()?.code]).toEqual([[], 'link_not_set_up']);
    expect(taking.hear(...SENTENCES)).toEqual(['declined_authentication_required']);
    expect(world.warned()).toEqual([
      ['a flow asks for payment links by short message, which are not set up', null],
    ]);
    taking.handler.closed();
  });

  it.each(['psp_unavailable', 'limit_reached', 'link_not_possible'] as const)(
    'as it could not be made: %s',
    async (code) => {
      const taking = await charging('refused');
      world.outside.linked = () => Promise.reject(new AppError(code, 'not now'));
      await taking.key(`${NUMBER}1234123`);
      expect(taking.advice()?.code).toBe('link_not_sent');
      expect(taking.hear(...SENTENCES)).toEqual(['declined_authentication_required']);
      expect(world.warned()).toEqual([['a payment link that a flow asks for could not be sent', code]]);
      taking.handler.closed();
    },
  );
});

describe('a flow that has a link sent when a refusal is foreseen', () => {
  beforeEach(() => {
    world.outside.foreseen = (card) => (card === null ? null : adviceOf('likely_refused_by_phone', 'en'));
  });

  it('sends it once the number says so: nothing more is keyed', async () => {
    const taking = await charging('foreseen');
    await taking.key(NUMBER.slice(0, 15));
    expect(taking.asked).toEqual([]);
    await taking.key(NUMBER.slice(15));
    expect(taking.asked).toEqual([[taking.id, { channel: 'sms', to: null }]]);
    expect(taking.call.session?.collecting).toBe(false);
    expect(taking.hear(...SENTENCES)).toEqual(['link_sent']);
    taking.handler.closed();
  });

  it('sends it before the first key where the amount says so', async () => {
    world.outside.foreseen = () => adviceOf('likely_refused_by_phone', 'en');
    const taking = await charging('foreseen');
    await taking.later();
    expect(taking.asked).toHaveLength(1);
    taking.handler.closed();
  });

  it('lets keying go on where it can not be sent, and says why until the card is taken all the same', async () => {
    const taking = await charging('foreseen');
    world.outside.linked = () => Promise.reject(new AppError('psp_unavailable', 'not now'));
    world.outside.taken = () => Promise.resolve({ status: 'done', token: TOKEN, charge: null });
    await taking.key(NUMBER);
    expect(taking.call.desk.capture).toMatchObject({
      ...{ status: 'collecting', current_field: 'expiration-date', advice: { code: 'link_not_sent' } },
    });
    expect(taking.hear(...SENTENCES)).toEqual([]);
    await taking.key('1234123');
    expect(taking.call.desk.capture).toMatchObject({ status: 'completed', advice: null });
    taking.handler.closed();
  });

  it('sends one, though the card was refused while it was being made', async () => {
    const made: (() => void)[] = [];
    const taking = await charging('foreseen');
    const { linked } = world.outside;
    world.outside.linked = async (...request) => {
      await new Promise<void>((resolve) => made.push(resolve));
      return linked(...request);
    };
    await taking.key(NUMBER);
    await taking.key('1234123');
    expect(taking.call.desk.capture).toMatchObject({ status: 'failed' });
    for (const make of made) make();
    await taking.later();
    expect([made.length, taking.asked.length]).toEqual([1, 1]);
    expect(taking.hear(...SENTENCES)).toEqual(['link_sent']);
    taking.handler.closed();
  });
});

it('a flow that says nothing has none sent', async () => {
  const taking = await charging('never');
  await taking.key(`${NUMBER}1234123`);
  expect([taking.asked, taking.advice()]).toEqual([[], null]);
  expect(taking.hear(...SENTENCES)).toEqual(['declined_authentication_required']);
  taking.handler.closed();
});
