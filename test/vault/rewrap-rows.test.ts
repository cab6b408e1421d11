import { createSecretKey } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { AppError } from '../../src/errors.js';
import { Secret } from '../../src/secret.js';
import { aadOf, bindingOf } from '../../src/vault/envelope.js';
import type { KeyProvider, KeyState } from '../../src/vault/key-provider.js';
import { KeyRing } from '../../src/vault/key-ring.js';
import { rewrapRows } from '../../src/vault/rewrap-rows.js';
import { rowKeys } from '../../src/vault/row-keys.js';
import { HandRedis } from '../support/hand-redis.js';

const TIME = '2026-11-21T00:00:00.000Z';
const PLACE = { merchant: 'shop', bucket: 7, index: Buffer.alloc(16, 1) };
const { sealed: KEY, record: RECORD_KEY } = rowKeys(PLACE);
const RECORD = '["vsoir4242",203412]';
const AAD = aadOf('data-key', bindingOf(2, PLACE, RECORD));

function providerOf(states: Readonly<Record<string, KeyState>>): KeyProvider {
  const key = (id: string, use: 'seal' | 'mac', state: KeyState, byte: number) => ({
    ...{ id, use, state, created: TIME, changed: TIME, check: '' },
    root: createSecretKey(Buffer.alloc(32, byte)),
  });
  const versions = Object.entries(states).map(([id, state]) => key(id, 'seal', state, Number(id.slice(1))));
  const ring = new KeyRing([...versions, key('m1', 'mac', 'active', 9)]);
  return {
    ...{ active: ring.active, versions: ring.versions, checks: ring.checks, watch: () => () => {} },
    wrap: (...args) => Promise.resolve(ring.wrap(...args)),
    unwrap: async (...args) => ring.unwrap(...args),
    mac: (...args) => Promise.resolve(ring.mac(...args)),
  };
}

const before = providerOf({ k1: 'active' });
const keys = providerOf({ k1: 'decrypt-only', k2: 'active', k3: 'decrypt-only' });
const dataKey = () => Secret.of(Buffer.alloc(32, 5));

let redis: HandRedis;
let wrapped: Buffer;
beforeEach(async () => {
  redis = new HandRedis();
  wrapped = (await before.wrap('shop', dataKey(), AAD)).sealed;
});

const fields = (version: string, layout = '2'): (Buffer | null)[] => [
  Buffer.from(version),
  wrapped,
  Buffer.from(layout),
];

describe('a row', () => {
  it('of an older version is read, wrapped anew and written if it is as it was read', async () => {
    redis.answers.push(fields('k1'), RECORD, 1);
    expect(await rewrapRows(redis, keys, [KEY])).toEqual(['rewrapped']);
    const [read, record, write] = redis.asked;
    expect([read, record]).toEqual([
      ['HMGET', KEY, 'k', 'w', 'v'],
      ['GET', RECORD_KEY],
    ]);
    expect(write?.slice(0, 2)).toEqual(['rewrap-row', [KEY]]);
    const [version, old, next, sealed] = (write ?? [])[2] as [string, Buffer, string, Buffer];
    expect([version, old, next]).toEqual(['k1', wrapped, 'k2']);
    const opened = await keys.unwrap('shop', 'k2', sealed, AAD);
    expect([...opened.reveal()]).toEqual([...dataKey().reveal()]);
  });

  it('that was changed or shredded meanwhile is left', async () => {
    redis.answers.push(fields('k1'), RECORD, 0);
    expect(await rewrapRows(redis, keys, [KEY])).toEqual(['raced']);
    redis.answers.push([null, null, null], null);
    expect(await rewrapRows(redis, keys, [KEY])).toEqual(['raced']);
    for (let missing = 0; missing < 3; missing++) {
      redis.answers.push(fields('k1').with(missing, null), RECORD);
      expect(await rewrapRows(redis, keys, [KEY])).toEqual(['raced']);
    }
    expect(redis.asked.filter(([name]) => name === 'rewrap-row')).toHaveLength(1);
  });

  it.each(['k2', 'k3'])('of the version that seals, or a newer one, is kept: %s', async (version) => {
    redis.answers.push(fields(version), RECORD);
    expect(await rewrapRows(redis, keys, [KEY])).toEqual(['kept']);
    expect(redis.asked).toHaveLength(2);
  });

  it.each<[string, string, string[], string | null]>([
    ['whose version is unknown', KEY, ['k9'], RECORD],
    ['whose layout never was', KEY, ['k1', '7'], RECORD],
    ['whose record is another', KEY, ['k1'], '["other"]'],
    ['whose record is gone', KEY, ['k1'], null],
    ['that is in no place', 'tw:v:x:s:y', ['k1'], RECORD],
  ])('%s is told of, and left as it is', async (_what, key, [version = '', layout], record) => {
    redis.answers.push(fields(version, layout), record, 1);
    expect(await rewrapRows(redis, keys, [key])).toEqual(['failed']);
    expect(redis.asked.filter(([name]) => name === 'rewrap-row')).toEqual([]);
  });

  it('is told of when Redis refuses its write', async () => {
    redis.answers.push(fields('k1'), RECORD, new AppError('internal', 'Redis refused'));
    expect(await rewrapRows(redis, keys, [KEY])).toEqual(['failed']);
  });
});

describe('rows', () => {
  const all = Array.from({ length: 40 }, () => KEY);
  const answered = () => all.flatMap(() => [fields('k1'), RECORD]);

  it('are all asked for before any is written', async () => {
    redis.answers.push(...answered(), ...all.map(() => 1));
    expect(await rewrapRows(redis, keys, all)).toEqual(all.map(() => 'rewrapped'));
    const names = redis.asked.map(([name]) => name);
    expect(names.indexOf('rewrap-row')).toBe(80);
  });

  it('end when Redis goes away while they are written, and none is lost sight of', async () => {
    redis.answers.push(...answered(), 1);
    await expect(rewrapRows(redis, keys, all)).rejects.toMatchObject({ code: 'redis_unavailable' });
    expect(redis.asked).toHaveLength(120);
  });

  it('are wrapped sixteen a turn of the event loop', async () => {
    redis.answers.push(...answered(), ...all.map(() => 1));
    const turns: number[] = [];
    let inTurn = 0;
    const counting: KeyProvider = {
      ...keys,
      unwrap: (...args) => {
        inTurn++;
        return keys.unwrap(...args);
      },
    };
    let over = false;
    const count = (): void => {
      if (inTurn > 0) turns.push(inTurn);
      inTurn = 0;
      if (!over) setImmediate(count);
    };
    setImmediate(count);
    await rewrapRows(redis, counting, all);
    over = true;
    await new Promise(setImmediate);
    expect(Math.max(...turns)).toBeLessThanOrEqual(16);
    expect(turns.reduce((sum, turn) => sum + turn, 0)).toBe(40);
  });
});
