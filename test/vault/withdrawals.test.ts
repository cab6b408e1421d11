import { beforeEach, describe, expect, it } from '@jest/globals';
import { AppError } from '../../src/errors.js';
import { silentLogger } from '../../src/log.js';
import { Withdrawals, type Withdrawal } from '../../src/vault/withdrawals.js';
import { HandRedis } from '../support/hand-redis.js';

let redis: HandRedis;
let lines: string[];
let withdrawals: Withdrawals;
beforeEach(() => {
  redis = new HandRedis();
  lines = [];
  const keep = (level: string) => (fields: object, message: string) =>
    void lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  withdrawals = new Withdrawals(redis, { ...silentLogger, warn: keep('warn'), error: keep('error') });
});

const write = (n: number): Withdrawal => ({
  ...{ sealed: `s${n}`, record: `r${n}`, outbox: 'o', events: [`e${n}`, 'f'], told: null },
});
const asked = (n: number) => ['vault-withdraw', [`s${n}`, `r${n}`, 'o'], ['', `e${n}`, 'f']];
const settled = () => new Promise(setImmediate);

describe('a write of unknown outcome', () => {
  it('is taken back at once where Redis answers, and who waits for its outcome is told', async () => {
    redis.answers.push(1);
    withdrawals.add({ ...write(1), told: { key: 't', value: 'withdrawn' } });
    await settled();
    expect(redis.asked).toEqual([['vault-withdraw', ['s1', 'r1', 'o', 't'], ['withdrawn', 'e1', 'f']]]);
    expect(lines).toEqual([]);
  });

  it('waits while Redis is away, and is taken back in turn, each once', async () => {
    redis.ready = false;
    withdrawals.add(write(1));
    withdrawals.add(write(2));
    redis.become(false);
    await settled();
    expect(redis.asked).toEqual([]);
    redis.answers.push(1, 0);
    redis.become(true);
    redis.become(true);
    await settled();
    expect(redis.asked).toEqual([asked(1), asked(2)]);
    redis.become(true);
    await settled();
    expect(redis.asked).toHaveLength(2);
  });

  it('is tried again when Redis goes away in the middle', async () => {
    redis.ready = false;
    withdrawals.add(write(1));
    withdrawals.add(write(2));
    redis.answers.push(1);
    redis.become(true);
    await settled();
    expect(redis.asked).toEqual([asked(1), asked(2)]);
    expect(lines).toEqual([
      'warn a write of unknown outcome waits to be taken back {"code":"redis_unavailable"}',
    ]);
    redis.answers.push(1);
    redis.become(true);
    await settled();
    expect(redis.asked).toEqual([asked(1), asked(2), asked(2)]);
  });

  it('that can not be taken back is told of, and holds up no other', async () => {
    redis.ready = false;
    withdrawals.add(write(1));
    withdrawals.add(write(2));
    redis.answers.push(new AppError('internal', 'Redis refused'), 1);
    redis.become(true);
    await settled();
    expect(redis.asked).toEqual([asked(1), asked(2)]);
    expect(lines).toEqual(['error a write of unknown outcome can not be taken back {"code":"internal"}']);
  });

  it('is one of a thousand at the most', async () => {
    redis.ready = false;
    for (let n = 0; n < 1_001; n++) withdrawals.add(write(n));
    expect(lines).toEqual(['error too many writes of unknown outcome: one is left as it is {"count":1000}']);
    redis.answers.push(...Array.from({ length: 1_001 }, () => 1));
    redis.become(true);
    while (redis.asked.length < 1_000) await settled();
    await settled();
    expect(redis.asked).toHaveLength(1_000);
    expect(redis.asked.at(-1)).toEqual(asked(999));
  });

  it('is looked after no more once it is closed', () => {
    withdrawals.close();
    expect(redis.listeners).toBe(0);
  });
});
