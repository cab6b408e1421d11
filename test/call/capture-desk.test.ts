import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Taken } from '../../src/charge/till.js';
import type { AppError } from '../../src/errors.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';
import { startMonitor } from '../support/redis-monitor.js';
import { until } from '../support/service.js';
import { AGENT, openDesk, press, REQUEST, TOKEN } from './desk-world.js';

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

describe('a capture', () => {
  it.each(['4242424242424242', 'cap_4242424242424242ABCDEFGH04', '*', 'CA4242', '', '__proto__'])(
    'or a call is not looked for under any text: %s',
    async (text) => {
      const { desk } = world;
      const monitor = await startMonitor(redis.admin);
      const asked = [
        desk.call('default', text),
        desk.arm('default', { ...REQUEST, call: text }),
        desk.capture('default', text),
        desk.cancel('default', text),
        desk.extend('default', text),
      ];
      const codes = await Promise.all(asked.map((one) => one.catch((error: AppError) => error.code)));
      expect(codes).toEqual(Array(5).fill('not_found'));
      await redis.admin.ping();
      await until(() => monitor.commands().includes('"ping"'));
      monitor.stop();
      expect(monitor.commands().toString('latin1')).not.toMatch(/"(get|mget|exists)" /i);
    },
  );

  it('whose start was perhaps not written is told to be over', async () => {
    const { desk, told, outside, caller, agent } = world;
    const { handler, call } = await caller();
    await agent(call.agent.id);
    outside.answers = false;
    await expect(desk.arm('default', { ...REQUEST, call: call.id })).rejects.toMatchObject({
      code: 'redis_unavailable',
    });
    outside.answers = true;
    const events = told.splice(0).map(({ event }) => event);
    expect(events.map(({ type, data }) => [type, data['reason']]).slice(-2)).toEqual([
      ['capture.started', undefined],
      ['capture.failed', 'vault_unavailable'],
    ]);
    const id = String(events.at(-1)?.data['capture_id']);
    expect(await desk.capture('default', id)).toMatchObject({ status: 'failed', current_field: null });
    handler.closed();
  });

  it('fails when Redis is away for two seconds, not for less; what the till has is left to the till', async () => {
    const { clock, desk, outside, turn, caller, agent } = world;
    const one = await caller(`CA${'1'.repeat(32)}`);
    await agent(one.call.agent.id);
    const two = await caller(`CA${'3'.repeat(32)}`);
    await agent(two.call.agent.id);
    const collecting = await desk.arm('default', { ...REQUEST, call: one.call.id });
    const processing = await desk.arm('default', { ...REQUEST, call: two.call.id });
    let give = (_taken: Taken): void => {};
    outside.taken = () => new Promise((resolve) => (give = resolve));
    press(two.handler, '42424242424242421234');
    expect(two.call.session?.view().status).toBe('processing');

    turn(false);
    clock.advance(1_999);
    turn(true);
    clock.advance(5_000);
    expect(one.call.session?.view().status).toBe('collecting');
    turn(false);
    clock.advance(2_000);
    expect(one.call.session?.view().status).toBe('failed');
    clock.advance(160);
    expect(await desk.capture('default', collecting.id)).toMatchObject({
      status: 'failed',
      reason: 'vault_unavailable',
    });
    expect(two.call.session?.view().status).toBe('processing');
    give({ status: 'done', token: TOKEN, charge: null });
    await new Promise(setImmediate);
    clock.advance(160);
    expect(await desk.capture('default', processing.id)).toMatchObject({
      status: 'completed',
      token: 'tnw_1',
    });
    for (const { handler } of [one, two]) handler.closed();
  });

  it('moves on the grid of 160 ms, whenever keys come', async () => {
    const { clock, desk, caller, agent } = world;
    const { handler, call } = await caller(`CA${'5'.repeat(32)}`);
    await agent(call.agent.id);
    const { id } = await desk.arm('default', { ...REQUEST, call: call.id });
    const start = clock.monotonic();
    const seen: [number, number][] = [];
    const stop = desk.watchCapture('default', id, (view) =>
      seen.push([clock.monotonic() - start, view.fields[0]?.digits_entered ?? 0]),
    );
    for (const [wait, key] of [
      [37, '4'],
      [3, '2'],
      [211, '4'],
      [90, '2'],
      [401, '4'],
    ] as const) {
      clock.advance(wait);
      press(handler, key);
    }
    clock.advance(400);
    expect(seen.map(([, digits]) => digits)).toEqual([2, 3, 4, 5]);
    const first = seen[0]?.[0] ?? 0;
    expect(seen.map(([at]) => (at - first) % 160)).toEqual([0, 0, 0, 0]);
    stop();
    press(handler, '2');
    clock.advance(400);
    expect(seen).toHaveLength(4);
    handler.closed();
  });
});

describe('a call', () => {
  it('is given up when the carrier never says that nobody answers', async () => {
    const { clock, said, caller } = world;
    const { call } = await caller(`CA${'7'.repeat(32)}`);
    await new Promise(setImmediate);
    said.splice(0);
    clock.advance(39_999);
    expect(call.status).toBe('ringing');
    clock.advance(1);
    expect([call.status, said]).toEqual(['ended', ['close caller', `cancel ${AGENT}`]]);
  });

  it('whose agent answers before the carrier has answered us is joined', async () => {
    const { outside, caller, agent } = world;
    let answer = (_sid: string): void => {};
    outside.dialled = () => new Promise((resolve) => (answer = resolve));
    const sid = `CA${'8'.repeat(32)}`;
    const { handler, call } = await caller(`CA${'9'.repeat(32)}`);
    expect(await agent(call.agent.id, sid)).not.toBeNull();
    expect([call.status, call.view().agent?.call_sid]).toEqual(['live', sid]);
    answer(sid);
    await new Promise(setImmediate);
    expect(call.status).toBe('live');
    handler.closed();
    outside.dialled = () => Promise.resolve(AGENT);
  });

  it('whose stream never starts is forgotten', async () => {
    const { clock, switchboard, registry } = world;
    const sid = `CA${'c'.repeat(32)}`;
    await switchboard.incoming({ callSid: sid, from: '+33639980001', to: '+33199000001' });
    clock.advance(29_999);
    expect(registry.find(sid)?.status).toBe('ringing');
    clock.advance(1);
    expect(registry.find(sid)?.status).toBe('ended');
    clock.advance(60_000);
    expect(registry.find(sid)).toBeUndefined();
  });
});

describe('a drain', () => {
  it('ends when the last party knows what to hear, at the latest two seconds after the last call', async () => {
    const { clock, switchboard, caller, agent } = world;
    const { call } = await caller(`CA${'d'.repeat(32)}`);
    await agent(call.agent.id);
    let done = false;
    void switchboard.drain(600).then(() => (done = true));
    expect(
      await switchboard.incoming({ callSid: `CA${'e'.repeat(32)}`, from: '+331', to: '+332' }),
    ).toMatchObject({
      do: 'say',
    });
    clock.advance(599_999);
    await new Promise(setImmediate);
    expect([call.status, done]).toEqual(['live', false]);
    clock.advance(1);
    expect(call.status).toBe('ended');
    await switchboard.streamOver(call.caller.id, '');
    await new Promise(setImmediate);
    expect(done).toBe(false);
    clock.advance(2_000);
    await new Promise(setImmediate);
    expect(done).toBe(true);
  });
});
