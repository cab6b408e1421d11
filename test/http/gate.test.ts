import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { ApiKeyRegister, type Grant } from '../../src/access/api-key-register.js';
import { newApiKey } from '../../src/access/api-key.js';
import { RedisApiKeys } from '../../src/access/redis-api-keys.js';
import { AppError } from '../../src/errors.js';
import { silentLogger } from '../../src/log.js';
import { startHttpWorld, type HttpWorld } from '../support/http-world.js';
import { ManualClock } from '../support/manual-clock.js';
import { startMonitor } from '../support/redis-monitor.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';

const DAY = 86_400_000;
const CRM: Grant = { principal: 'crm', merchant: 'default', scopes: ['captures:read'], expires: null };

let server: TestRedis;
let clock: ManualClock;
let register: ApiKeyRegister;
let world: HttpWorld;
beforeEach(async () => {
  server = await startTestRedis();
  const redis = await server.client();
  clock = new ManualClock();
  register = new ApiKeyRegister(redis, clock);
  world = await startHttpWorld({ apiKeys: new RedisApiKeys({ redis, clock, log: silentLogger }) });
});
afterEach(async () => {
  await world.close();
  await server.stop();
});

const get = (path: string, authorization?: string) => {
  const asked = request(world.server).get(path);
  return authorization === undefined ? asked : asked.set('authorization', authorization);
};

/** What was refused, as the log has it. */
const refusals = () =>
  world.lines.filter(({ message }) => message === 'api key refused').map(({ fields }) => fields);

describe('the gate', () => {
  it.each(['Bearer', 'bearer', 'BEARER  '])('takes a key after "%s"', async (scheme) => {
    const { apiKey } = await register.create(CRM);
    expect((await get('/v1/calls', `${scheme} ${apiKey}`)).status).toBe(200);
    expect(refusals()).toEqual([]);
  });

  it('A33: answers alike whatever is wrong with a key, and tells the log', async () => {
    const expiring = await register.create({ ...CRM, expires: clock.now() + DAY });
    const disabled = await register.create({ ...CRM, principal: 'old' });
    const revoked = await register.create({ ...CRM, principal: 'gone' });
    clock.advance(90 * DAY);
    await register.revoke(revoked.record.id);
    const answers: object[] = [];
    for (const authorization of [
      undefined,
      'Basic Y3JtOmNybQ==',
      `Bearer ${newApiKey()}`,
      `Bearer ${revoked.apiKey}`,
      `Bearer ${expiring.apiKey}`,
      `Bearer ${disabled.apiKey}`,
      `Bearer ${disabled.apiKey}\t`,
    ]) {
      const { status, text, headers } = await get('/v1/calls', authorization);
      const { date: _date, ...constant } = headers;
      answers.push({ status, text, constant });
    }
    expect(answers[0]).toMatchObject({
      status: 401,
      constant: { 'www-authenticate': 'Bearer realm="tonewall"' },
    });
    expect(answers).toEqual(answers.map(() => answers[0]));

    const route = '/v1/calls';
    const crm = { api_key: expiring.record.id, principal: 'crm', merchant: 'default' };
    const old = { api_key: disabled.record.id, principal: 'old', merchant: 'default' };
    expect(refusals()).toEqual([
      { route, reason: 'missing' },
      { route, reason: 'unknown' },
      { route, reason: 'unknown' },
      { route, reason: 'unknown' },
      { route, reason: 'expired', ...crm },
      { route, reason: 'disabled', ...old },
      { route, reason: 'disabled', ...old },
    ]);
    expect(JSON.stringify(world.lines)).not.toContain('tnwk_');
    const counted = (await world.metrics.apiKeysRefused.get()).values;
    expect(Object.fromEntries(counted.map(({ labels, value }) => [labels['reason'], value]))).toEqual({
      ...{ missing: 1, unknown: 3, expired: 1, disabled: 2 },
    });
  });

  it('A33: asks Redis the same of every key that it refuses', async () => {
    const expired = await register.create({ ...CRM, expires: clock.now() + DAY });
    const disabled = await register.create({ ...CRM, principal: 'old' });
    const revoked = await register.create({ ...CRM, principal: 'gone' });
    clock.advance(90 * DAY);
    await register.revoke(revoked.record.id);
    const asked: string[] = [];
    for (const apiKey of [newApiKey(), revoked.apiKey, expired.apiKey, disabled.apiKey]) {
      const monitor = await startMonitor(server.admin);
      expect((await get('/v1/calls', `Bearer ${apiKey}`)).status).toBe(401);
      await server.admin.echo('over');
      while (!monitor.commands().includes('"echo" "over"')) await new Promise(setImmediate);
      monitor.stop();
      const lines = monitor.commands().toString('latin1').split('\r\n');
      const own = lines.filter((line) => line.includes('"tw:'));
      asked.push(own.map((line) => line.replace(/^[^"]*/, '').replaceAll(/[0-9a-f]{64}/g, 'DIGEST')).join());
    }
    expect(asked).toEqual(Array(4).fill('"HGET" "tw:api-keys" "DIGEST"'));
  });

  it('A15: names the scope that a key lacks, to its holder and to the log', async () => {
    const { apiKey, record } = await register.create(CRM);
    const answer = await get('/v1/events', `Bearer ${apiKey}`);
    expect([answer.status, answer.body.code, answer.body.detail]).toEqual([
      403,
      'forbidden',
      'this API key lacks the scope events:read',
    ]);
    expect(refusals()).toEqual([
      { route: '/v1/events', reason: 'scope', api_key: record.id, principal: 'crm', merchant: 'default' },
    ]);
  });

  it('takes both keys of a rotation, and one once the other is revoked', async () => {
    const first = await register.create(CRM);
    const second = await register.rotate(first.record.id);
    const statuses = async () =>
      Promise.all(
        [first, second].map(async ({ apiKey }) => (await get('/v1/calls', `Bearer ${apiKey}`)).status),
      );
    expect(await statuses()).toEqual([200, 200]);
    await register.revoke(first.record.id);
    expect(await statuses()).toEqual([401, 200]);
  });

  it('shows a key its own merchant alone', async () => {
    const own = await register.create(CRM);
    const foreign = await register.create({ ...CRM, merchant: 'elsewhere' });
    const seen = async (apiKey: string) => (await get('/v1/calls', `Bearer ${apiKey}`)).body.calls.length;
    expect([await seen(own.apiKey), await seen(foreign.apiKey)]).toEqual([1, 0]);
  });

  it('stays shut while keys can not be looked up', async () => {
    const away = await startHttpWorld({
      apiKeys: { find: () => Promise.reject(new AppError('redis_unavailable', 'Redis does not answer')) },
    });
    const answer = await request(away.server).get('/v1/calls').set('authorization', `Bearer ${newApiKey()}`);
    expect([answer.status, answer.body.code]).toEqual([503, 'redis_unavailable']);
    expect((await request(away.server).get('/v1/calls')).status).toBe(401);
    await away.close();
  });
});
