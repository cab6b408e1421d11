import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CaptureSettlements } from '../../src/call/capture-settlements.js';
import type { ChargeView, DeclineView } from '../../src/capture/view.js';
import type { ChargeRecord } from '../../src/charge/charge.js';
import { declineOf } from '../../src/charge/refusals.js';
import type { Taken, TakeRequest } from '../../src/charge/till.js';
import { AppError, type ErrorCode } from '../../src/errors.js';
import type { PromptName } from '../../src/flow/prompts.js';
import type { DeclineCode } from '../../src/psp/decline-code.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';
import { openDesk, press, REQUEST, TOKEN } from './desk-world.js';

const CARD = '42424242424242421234';
/** The keys come all at once here: the agent hears a beep for each before anything else. */
const BEEPS_MS = 24 * 160;

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

function charge(status: ChargeView['status'], decline: DeclineView | null = null): ChargeView {
  return {
    ...{ id: 'chg_1', status, token: status === 'declined' ? null : TOKEN.token, decline, refunded: 0 },
    ...{ amount: 1250, currency: 'EUR', reference: 'order-1', provider: 'simulated' },
    ...{ provider_reference: 'pay_1', created_at: '2026-01-01T00:00:00.000Z' },
  };
}

function refusal(code: DeclineCode): Taken {
  const decline = declineOf(code, 'en');
  return { status: 'refused', decline, charge: charge('declined', decline) };
}

/** A talk in which a card is charged; the till answers when `answer` says. */
async function charging(outcome: 'verify' | 'charge' = 'charge', prepare = () => {}) {
  const { desk, outside, told, heard, prompts } = world;
  const talk = await world.talk();
  prepare();
  const asked: TakeRequest[] = [];
  let give = (_taken: Taken): void => {};
  let fail = (_error: Error): void => {};
  outside.taken = (request) => {
    asked.push(request);
    return new Promise((resolve, reject) => {
      give = resolve;
      fail = reject;
    });
  };
  const money = outcome === 'charge' ? { amount: 1250, currency: 'EUR' } : {};
  const request = { ...REQUEST, ...money, outcome, reference: 'order-1', call: talk.call.id };
  const { id } = await desk.arm('default', request);
  const settle = async () => {
    await new Promise(setImmediate);
    talk.pass(160);
  };
  return {
    ...{ ...talk, id, asked },
    key: (keys: string) => press(talk.handler, keys),
    answer: (taken: Taken) => {
      give(taken);
      return settle();
    },
    reject: (code: ErrorCode) => {
      fail(new AppError(code, 'not now'));
      return settle();
    },
    capture: () => desk.capture('default', id),
    told: (type: string) => told.filter(({ event }) => event.type === type).map(({ event }) => event.data),
    hears: (name: PromptName) => {
      const prompt = Buffer.from(prompts[name]);
      talk.pass(prompt.length / 8 + BEEPS_MS);
      return (['caller', 'agent'] as const).filter((who) => heard(who).includes(prompt));
    },
  };
}

describe('a capture that charges', () => {
  it('gives the till the card, its code and the money, and is completed with the charge', async () => {
    const taking = await charging();
    taking.key(`${CARD}123`);
    const [asked] = taking.asked;
    expect(asked).toMatchObject({
      ...{
        merchant: 'default',
        captureId: taking.id,
        outcome: 'charge',
        reference: 'order-1',
        language: 'en',
      },
      ...{ money: { amount: 1250, currency: 'EUR' }, channel: 'moto_attended', usage: 'many', network: null },
    });
    expect([...(asked?.code?.reveal() ?? [])]).toEqual([1, 2, 3]);
    const { events, writes } = asked?.conclude(TOKEN, charge('approved')) ?? { events: [], writes: [] };
    expect(JSON.parse(events[0] ?? '')).toMatchObject({
      type: 'capture.completed',
      data: { capture_id: taking.id, token: TOKEN.token, charge: charge('approved') },
    });
    expect(JSON.parse(writes[0]?.value ?? '')).toMatchObject({
      view: { status: 'completed', token: TOKEN.token, charge: charge('approved'), decline: null },
    });
    await taking.answer({ status: 'done', token: TOKEN, charge: charge('approved') });
    expect(await taking.capture()).toMatchObject({ status: 'completed', charge: charge('approved') });
    expect(asked?.code?.length).toBe(0);
    expect(taking.hears('charge_approved')).toEqual(['caller', 'agent']);
    taking.handler.closed();
  });

  it('is not armed for what the provider does not take', async () => {
    const { call, handler } = await world.talk();
    const request = { ...REQUEST, outcome: 'charge' as const, amount: 49, currency: 'EUR', call: call.id };
    await expect(world.desk.arm('default', request)).rejects.toMatchObject({
      code: 'bad_request',
      errors: [{ path: 'amount', message: 'the provider takes 0.50 EUR at least' }],
    });
    handler.closed();
  });

  it('asks for the code again when it was wrong, tells both, and takes the right one', async () => {
    const taking = await charging();
    taking.key(`${CARD}123`);
    await taking.answer(refusal('incorrect_cvc'));
    expect(await taking.capture()).toMatchObject({
      ...{ status: 'collecting', current_field: 'security-code', charge: { status: 'declined' } },
      decline: { code: 'incorrect_cvc', next: 'retry' },
      fields: [{}, {}, { attempt: 2, error: 'invalid-security-code' }],
    });
    expect(taking.told('capture.failed')).toEqual([]);
    expect(taking.hears('key_code_again')).toEqual(['caller', 'agent']);
    taking.key('456');
    expect([...(taking.asked[1]?.code?.reveal() ?? [])]).toEqual([4, 5, 6]);
    taking.pass(160);
    expect(await taking.capture()).toMatchObject({ status: 'processing', decline: null });
    await taking.answer({ status: 'done', token: TOKEN, charge: charge('approved') });
    expect(await taking.capture()).toMatchObject({ status: 'completed', decline: null });
    taking.handler.closed();
  });

  it('asks for the number again, and then for the code, when the number was wrong', async () => {
    const taking = await charging();
    taking.key(`${CARD}123`);
    await taking.answer(refusal('incorrect_number'));
    expect(taking.hears('key_number_again')).toEqual(['caller', 'agent']);
    taking.key('5555555555554444');
    taking.pass(160);
    expect(await taking.capture()).toMatchObject({ current_field: 'security-code' });
    taking.key('123');
    expect(taking.asked[1]?.card).toMatchObject({ brand: 'mastercard', expMonth: 12, expYear: 2034 });
    taking.handler.closed();
  });

  it('fails when the card was refused: both hear it, the agent and the CRM are told what to do', async () => {
    const taking = await charging();
    taking.key(`${CARD}123`);
    await taking.answer(refusal('insufficient_funds'));
    const decline = declineOf('insufficient_funds', 'en');
    expect(await taking.capture()).toMatchObject({ status: 'failed', reason: 'charge_declined', decline });
    expect(taking.told('capture.failed')).toMatchObject([
      { reason: 'charge_declined', charge: { status: 'declined', decline }, decline },
    ]);
    expect(taking.hears('declined_insufficient_funds')).toEqual(['caller', 'agent']);
    taking.handler.closed();
  });

  it.each(['psp_unavailable', 'psp_misconfigured'] as const)(
    'fails, explained, when the provider was not reached: %s',
    async (code) => {
      const taking = await charging();
      taking.key(`${CARD}123`);
      await taking.reject(code);
      const decline = declineOf('processing_error', 'en');
      expect(await taking.capture()).toMatchObject({ reason: 'charge_declined', charge: null, decline });
      expect(taking.hears('declined_processing_error')).toEqual(['caller', 'agent']);
      taking.handler.closed();
    },
  );

  it('fails when the vault is away, and says that nothing was taken', async () => {
    const taking = await charging();
    taking.key(`${CARD}123`);
    await taking.reject('vault_unavailable');
    expect(await taking.capture()).toMatchObject({
      reason: 'vault_unavailable',
      charge: null,
      decline: null,
    });
    expect(taking.hears('declined_processing_error')).toEqual(['caller', 'agent']);
    taking.handler.closed();
  });

  it('says that something is happening, again and again, when it takes long', async () => {
    const taking = await charging();
    const times = () => world.heard('caller').toString('latin1').split(wait).length - 1;
    const wait = Buffer.from(world.prompts.please_wait).toString('latin1');
    taking.key(`${CARD}123`);
    taking.pass(560);
    expect(times()).toBe(0);
    taking.pass(10_000);
    expect(times()).toBe(1);
    taking.pass(5_000);
    expect(times()).toBe(2);
    await taking.answer({ status: 'done', token: TOKEN, charge: charge('approved') });
    expect(taking.hears('charge_approved')).toEqual(['caller', 'agent']);
    taking.pass(30_000);
    expect(times()).toBe(2);
    taking.handler.closed();
  });

  it('goes on when the caller hangs up meanwhile, and asks nobody again', async () => {
    const taking = await charging();
    taking.key(`${CARD}123`);
    taking.handler.closed();
    expect(await taking.capture()).toMatchObject({ status: 'processing' });
    await taking.answer(refusal('incorrect_cvc'));
    expect(await taking.capture()).toMatchObject({ status: 'failed', reason: 'charge_declined' });
  });

  it('that was approved when the caller had hung up is completed', async () => {
    const taking = await charging();
    taking.key(`${CARD}123`);
    taking.handler.closed();
    await taking.answer({ status: 'done', token: TOKEN, charge: charge('approved') });
    expect(await taking.capture()).toMatchObject({ status: 'completed', reason: null });
  });
});

describe('a co-badged card', () => {
  const flow = (ask_network: 'never' | 'co_badged') => {
    for (const call of world.registry.live()) call.flow.capture.ask_network = ask_network;
  };

  it.each([
    ['4000002500001001', 'visa', 'choose_visa'],
    ['5555552500001001', 'mastercard', 'choose_mastercard'],
  ] as const)('has its payer choose, and the till is told: %s', async (number, network, prompt) => {
    const taking = await charging('charge', () => flow('co_badged'));
    taking.key(number);
    taking.pass(160);
    expect(taking.call.desk).toMatchObject({ choosing: true, capture: { current_field: null } });
    expect(taking.hears(prompt)).toEqual(['caller', 'agent']);
    taking.key('2');
    taking.pass(160);
    expect(taking.call.desk).toMatchObject({
      ...{ choosing: false, capture: { current_field: 'expiration-date' } },
    });
    taking.key('1234123');
    expect(taking.asked[0]).toMatchObject({ networks: ['cartes_bancaires', network], network });
    taking.handler.closed();
  });

  it('is charged as the provider likes where the flow does not ask, nor the provider heed it', async () => {
    const taking = await charging();
    taking.key('40000025000010011234123');
    expect(taking.asked[0]).toMatchObject({ networks: ['cartes_bancaires', 'visa'], network: null });
    taking.handler.closed();
    world = await openDesk(client);
    world.outside.choosesNetwork = false;
    const unheeded = await charging('charge', () => flow('co_badged'));
    unheeded.key('40000025000010011234123');
    expect(unheeded.asked[0]).toMatchObject({ network: null });
    unheeded.handler.closed();
  });
});

describe('a capture that verifies', () => {
  it('says that the card is good', async () => {
    const taking = await charging('verify');
    taking.key(`${CARD}123`);
    expect(taking.asked[0]).toMatchObject({ outcome: 'verify', money: null });
    await taking.answer({ status: 'done', token: TOKEN, charge: null });
    expect(taking.hears('card_verified')).toEqual(['caller', 'agent']);
    taking.handler.closed();
  });

  it.each<[string, Taken, DeclineCode]>([
    ['refused', { status: 'refused', decline: declineOf('pickup_card', 'en'), charge: null }, 'pickup_card'],
    ['not known', { status: 'unknown', charge: null }, 'processing_error'],
  ])('fails, explained, when it is %s', async (_, taken, code) => {
    const taking = await charging('verify');
    taking.key(`${CARD}123`);
    await taking.answer(taken);
    const decline = declineOf(code, 'en');
    expect(await taking.capture()).toMatchObject({ reason: 'verification_failed', decline, charge: null });
    expect(taking.told('capture.failed')).toMatchObject([{ reason: 'verification_failed', decline }]);
    expect(taking.hears(`declined_${code}`)).toEqual(['caller', 'agent']);
    taking.handler.closed();
  });
});

describe('a charge in doubt', () => {
  const settled = (captureId: string, view: ChargeView): ChargeRecord => ({
    ...{ merchant: 'default', state: view.status, since: 0, token: TOKEN.token, once: false, captureId },
    ...{ idempotency: null, entry: 'moto', network: null, language: 'en', sequence: 2, refunds: [], view },
  });
  const doubted = async () => {
    const taking = await charging();
    taking.key(`${CARD}123`);
    await taking.answer({ status: 'unknown', charge: charge('unknown') });
    const { registry, records, clock } = world;
    const settlements = new CaptureSettlements({ registry, records, clock, live: false });
    return {
      ...taking,
      /** What the settler does: asks what becomes true, and writes it. */
      settle: async (view: ChargeView, more: Partial<ChargeRecord> = {}) => {
        const token = view.status === 'approved' ? TOKEN : null;
        const record = { ...settled(taking.id, view), ...more };
        const conclusion = await settlements.conclude(record, token);
        for (const { key, value } of conclusion?.writes ?? []) await client.command('SET', key, value);
        return conclusion?.events.map((event) => JSON.parse(event) as unknown) ?? null;
      },
      /** Until somebody has looked. */
      later: async () => {
        taking.pass(2_000);
        // One connection answers in order: what was asked by then has been answered.
        await client.command('PING');
        await new Promise(setImmediate);
      },
    };
  };

  it('fails the capture, and says that nobody is charged twice', async () => {
    const taking = await doubted();
    expect(await taking.capture()).toMatchObject({ status: 'failed', reason: 'charge_unknown', token: null });
    expect(taking.told('capture.failed')).toMatchObject([
      { reason: 'charge_unknown', charge: { status: 'unknown' }, decline: null },
    ]);
    expect(taking.hears('charge_in_doubt')).toEqual(['caller', 'agent']);
    taking.handler.closed();
  });

  it('that turns out approved completes the capture, and those on the line hear it', async () => {
    const taking = await doubted();
    taking.hears('charge_in_doubt');
    expect(await taking.settle(charge('approved'))).toMatchObject([
      { type: 'capture.completed', data: { capture_id: taking.id, token: TOKEN.token, card: TOKEN.card } },
    ]);
    const completed = {
      status: 'completed',
      reason: null,
      token: TOKEN.token,
      charge: { status: 'approved' },
    };
    expect(await taking.capture()).toMatchObject(completed);
    await taking.later();
    expect(taking.call.desk.capture).toMatchObject(completed);
    expect(taking.hears('charge_approved')).toEqual(['caller', 'agent']);
    expect(await taking.settle(charge('approved'))).toBeNull();
    taking.handler.closed();
  });

  it('has the networks of the card that the provider says with it', async () => {
    const taking = await doubted();
    const networks = ['cartes_bancaires', 'visa'] as const;
    expect(await taking.settle(charge('approved'), { networks })).toMatchObject([
      { data: { card: { ...TOKEN.card, networks } } },
    ]);
    expect((await taking.capture()).card).toEqual({ ...TOKEN.card, networks });
    taking.handler.closed();
  });

  it('that turns out declined leaves the capture failed, and shows why', async () => {
    const taking = await doubted();
    const decline = declineOf('card_declined', 'en');
    expect(await taking.settle(charge('declined', decline))).toEqual([]);
    await taking.later();
    const failed = { status: 'failed', reason: 'charge_unknown', decline, charge: { status: 'declined' } };
    expect(taking.call.desk.capture).toMatchObject(failed);
    expect(taking.hears('declined_card_declined')).toEqual(['caller', 'agent']);
    taking.handler.closed();
  });

  it('says nothing into a capture that has begun since', async () => {
    const taking = await doubted();
    const next = await world.desk.arm('default', { ...REQUEST, call: taking.call.id });
    await taking.settle(charge('approved'));
    await taking.later();
    expect(taking.call.desk.capture).toMatchObject({ id: next.id, status: 'collecting' });
    expect(taking.hears('charge_approved')).toEqual([]);
    expect(await taking.capture()).toMatchObject({ status: 'completed' });
    taking.handler.closed();
  });

  it('is told of after all that was told of its call', async () => {
    const taking = await doubted();
    const last = taking.call.sequence;
    expect(await taking.settle(charge('approved'))).toMatchObject([{ sequence: last + 1 }]);
    taking.handler.closed();
    expect(taking.call.sequence).toBe(last + 2);
  });
});
