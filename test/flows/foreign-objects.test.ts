import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApiKeyRegister } from '../../src/access/api-key-register.js';
import { SCOPES } from '../../src/access/scope.js';
import type { CaptureView } from '../../src/capture/view.js';
import { systemClock } from '../../src/clock.js';
import { startMonitor } from '../support/redis-monitor.js';
import { over, startService, type Service } from '../support/service.js';

/** Quick fingers, so that the tests are quick: 60 ms of tone, 60 ms of pause. */
const FAST = { onMs: 60, offMs: 60 };

let service: Service;
/** Of the merchant `default`, to whom all calls belong, and of `elsewhere`. */
let own: string;
let foreign: string;
/** A capture in progress on a live call, and the token of an earlier one. */
let live: CaptureView;
let token: string;
beforeAll(async () => {
  service = await startService();
  const register = new ApiKeyRegister(await service.redis.client(), systemClock);
  const grant = { principal: 'crm', scopes: SCOPES, expires: null };
  own = (await register.create({ ...grant, merchant: 'default' })).apiKey;
  foreign = (await register.create({ ...grant, merchant: 'elsewhere' })).apiKey;
  const { caller } = await service.talk();
  const first = await service.arm(caller, { fields: ['payment-card-number', 'expiration-date'] });
  await caller.press('42424242424242421234', FAST);
  token = (await service.captureWhen(first.id, over)).token ?? '';
  live = await service.arm(caller);
}, 30_000);
afterAll(() => service.stop());

/** Another id of the same slot, that nobody has. */
const unknown = (id: string) => id.slice(0, 12) + (id[12] === 'A' ? 'B' : 'A') + id.slice(13);
const unknownSid = (sid: string) => sid.slice(0, -1) + (sid.endsWith('0') ? '1' : '0');

describe("another merchant's object", () => {
  const asNobodys = async (method: string, path: string, id: string, other: string) => {
    // Once before it counts: a script is sent whole the first time.
    await ask(method, path, other);
    const theirs = await ask(method, path, id);
    const nobodys = await ask(method, path, other);
    expect(theirs.answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect(theirs.answer).toEqual(nobodys.answer);
    expect(theirs.commands).toEqual(nobodys.commands);
    expect(theirs.commands.length).toBeGreaterThan(0);
  };

  it.each([
    ['GET', '/v1/calls/ID', () => live.call_id, unknown],
    ['GET', '/v1/calls/ID', () => live.call_sid, unknownSid],
    ['GET', '/v1/captures/ID', () => live.id, unknown],
    ['GET', '/v1/captures/ID/events', () => live.id, unknown],
    ['POST', '/v1/captures/ID/cancel', () => live.id, unknown],
    ['POST', '/v1/captures/ID/extend', () => live.id, unknown],
    ['POST', '/v1/captures/ID/fields/payment-card-number/clear', () => live.id, unknown],
    ['POST', '/v1/captures', () => live.call_id, unknown],
  ] as const)('A12: %s %s is what nobody has: the same answer, the same work', (method, path, idOf, other) =>
    asNobodys(method, path, idOf(), other(idOf())),
  );

  it.each([
    ['GET', '/v1/tokens/ID'],
    ['DELETE', '/v1/tokens/ID'],
  ])('A13: %s %s is what nobody has: the same answer, the same work', (method, path) =>
    asNobodys(method, path, token, unknown(token)),
  );

  it('is as it was, for its own merchant', async () => {
    const headers = { authorization: `Bearer ${own}` };
    expect(await service.api('GET', `/v1/captures/${live.id}`, undefined, headers)).toMatchObject({
      status: 200,
      body: { status: 'collecting' },
    });
    expect((await service.api('GET', `/v1/tokens/${token}`, undefined, headers)).status).toBe(200);
  });

  it.each(['/v1/calls', '/v1/captures', '/v1/events'])('is in no list: %s', async (path) => {
    const { status, body } = await service.api('GET', path, undefined, {
      authorization: `Bearer ${foreign}`,
    });
    expect([status, Object.values(body as object)[0]]).toEqual([200, []]);
  });
});

/** Every second, and for nobody's request: the audit trail reads the outcomes that wait for it. */
const FOLLOWER = /"L(?:RANGE|TRIM)" "tw:a:/i;

/** What a stranger is answered, and what Redis was asked for them, the names of things left out. */
async function ask(method: string, path: string, id: string) {
  const body = path === '/v1/captures' ? { call: id } : undefined;
  const monitor = await startMonitor(service.redis.admin);
  const answer = await service.api(method, path.replace('ID', id), body, {
    authorization: `Bearer ${foreign}`,
  });
  await service.redis.admin.echo('over');
  const sent = () => monitor.commands().toString('latin1');
  while (!sent().includes('"echo" "over"')) await new Promise((resolve) => setImmediate(resolve));
  monitor.stop();
  const commands = sent()
    .split('\n')
    .filter((line) => line.includes('{elsewhere') && !FOLLOWER.test(line))
    .map((line) =>
      line
        .replace(/^[^"]*/, '')
        .replaceAll(id, 'ID')
        .replaceAll(/\b[0-9a-f]{32,40}\b/g, 'HEX')
        .replaceAll(/"\d+ (token\.destroy done) \S+"/g, '"INTENT $1 NAME"'),
    );
  return { answer: { status: answer.status, body: answer.body }, commands };
}
