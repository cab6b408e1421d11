import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { adviceOf } from '../../src/fraud/advice.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';
import { openDesk, press, REQUEST, TOKEN } from './desk-world.js';

const CARD = '4242424242424242';
const LIKELY = adviceOf('likely_refused_by_phone', 'en');

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

/** A capture armed to charge EUR 12.50, on a call. */
async function charging(outcome: 'charge' | 'token' = 'charge') {
  const { desk, outside } = world;
  const { handler, call } = await world.talk();
  const money = outcome === 'charge' ? { amount: 1250, currency: 'EUR' } : {};
  const { id } = await desk.arm('default', { ...REQUEST, ...money, outcome, call: call.id });
  const now = async () => {
    await new Promise(setImmediate);
    world.clock.advance(160);
    return (await desk.capture('default', id)).advice;
  };
  return { key: (keys: string) => press(handler, keys), now, outside, desk, id };
}

describe('what is foreseen of a payment', () => {
  it('is asked with the amount alone, and again with the card once its number is accepted', async () => {
    const asked: unknown[] = [];
    world.outside.foreseen = (card, money) => {
      asked.push([card, money]);
      return card === null ? null : LIKELY;
    };
    const { key, now } = await charging();
    expect(await now()).toBeNull();
    key(CARD.slice(0, 15));
    expect(await now()).toBeNull();
    key(CARD.slice(15));
    expect(await now()).toEqual(LIKELY);
    const money = { amount: 1250, currency: 'EUR' };
    expect(asked).toEqual([
      [null, money],
      ['default 16', money],
    ]);
  });

  it('is told before a key is pressed when the amount alone says it', async () => {
    world.outside.foreseen = () => LIKELY;
    const { now } = await charging();
    expect(await now()).toEqual(LIKELY);
  });

  it('goes with its card: another number is another matter', async () => {
    let next: typeof LIKELY | null = LIKELY;
    world.outside.foreseen = (card) => (card === null ? null : next);
    const { key, now, desk, id } = await charging();
    key(CARD);
    expect(await now()).toEqual(LIKELY);
    await desk.clearField('default', id, 'payment-card-number');
    expect(await now()).toBeNull();
    next = null;
    key(CARD);
    expect(await now()).toBeNull();
  });

  it('of a card that was cleared meanwhile comes too late', async () => {
    world.outside.foreseen = (card) => (card === null ? null : LIKELY);
    const { key, now, desk, id } = await charging();
    key(CARD);
    const cleared = desk.clearField('default', id, 'payment-card-number');
    expect(await now()).toBeNull();
    await cleared;
  });

  it('is nothing where no money is asked for', async () => {
    world.outside.foreseen = () => LIKELY;
    const { now } = await charging('token');
    expect(await now()).toBeNull();
  });

  it('is nothing any more when it is over', async () => {
    world.outside.foreseen = () => LIKELY;
    world.outside.taken = () => Promise.resolve({ status: 'done', token: TOKEN, charge: null });
    const { key, now } = await charging();
    key(`${CARD}1234`);
    key('123');
    expect(await now()).toBeNull();
  });
});
