import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { GUESSES_IN_ALL, GUESSES_PER_ADDRESS, LinkCodes } from '../../src/link/link-codes.js';
import { endWindows } from '../support/limits.js';
import { ManualClock } from '../support/manual-clock.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';

const PLACE = { merchant: 'shop', captureId: 'cap_1' };

let server: TestRedis;
let codes: LinkCodes;
beforeAll(async () => {
  server = await startTestRedis();
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.admin.flushall();
  codes = new LinkCodes(await server.client(), new ManualClock());
  expect(await codes.keep('4F7K92QX', PLACE, 60_000)).toBe(true);
});

const guess = (address: string, times: number) =>
  Promise.all(Array.from({ length: times }, () => codes.find('00000000', address)));

describe('the codes of links', () => {
  it('lead to a capture, however they are typed, and belong to one alone', async () => {
    expect(await codes.find('4f7k-92qx', '192.0.2.1')).toEqual(PLACE);
    expect(await codes.keep('4F7K92QX', { ...PLACE, captureId: 'cap_2' }, 60_000)).toBe(false);
    expect(await codes.find('4F7K92QX', '192.0.2.1')).toEqual(PLACE);
  });

  it('are not guessed: one address may be wrong so often, then waits', async () => {
    await guess('192.0.2.1', GUESSES_PER_ADDRESS);
    expect(await codes.find('4F7K92QX', '192.0.2.1')).toBe('too_many');
    expect(await codes.find('4F7K92QX', '192.0.2.2')).toEqual(PLACE);
    await endWindows(server.admin);
    expect(await codes.find('4F7K92QX', '192.0.2.1')).toEqual(PLACE);
  });

  it('are not guessed faster by trying many at once', async () => {
    const tries = await guess('192.0.2.1', 50);
    expect(tries.filter((found) => found !== 'too_many').length).toBe(GUESSES_PER_ADDRESS);
  });

  it('are not guessed from everywhere at once either', async () => {
    const addresses = GUESSES_IN_ALL / GUESSES_PER_ADDRESS;
    for (let n = 0; n < addresses; n++) await guess(`198.51.100.${n}`, GUESSES_PER_ADDRESS);
    expect(await codes.find('4F7K92QX', '192.0.2.1')).toBe('too_many');
  });

  it('that are right are never counted', async () => {
    for (let n = 0; n <= GUESSES_PER_ADDRESS; n++) await codes.find('4F7K92QX', '192.0.2.1');
    expect(await codes.find('4F7K92QX', '192.0.2.1')).toEqual(PLACE);
  });

  it('are kept without the addresses of those who guess', async () => {
    await guess('192.0.2.1', 1);
    expect((await server.admin.keys('*')).join(' ')).not.toContain('192.0.2.1');
  });
});
