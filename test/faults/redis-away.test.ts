import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CaptureView } from '../../src/capture/view.js';
import { systemClock } from '../../src/clock.js';
import { Random } from '../support/random.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';
import { over, startService, until, type ApiAnswer, type Service } from '../support/service.js';
import { stillTalk } from '../support/talking.js';

/** How long Redis is silent, at the least; `npm run prove:silence` makes it 30 s. */
const SILENCE_MS = Number(process.env['REDIS_SILENCE_MS'] ?? 0);
const FAST = { onMs: 60, offMs: 60 };
const random = new Random(11);

const problem = ({ status, body, headers }: ApiAnswer) => ({
  status,
  code: (body as { code: string }).code,
  retry: headers.get('retry-after') !== null,
});

const ready = async (service: Service) => (await service.api('GET', '/readyz')).status === 200;

describe('Redis away at the start', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startTestRedis();
  });
  afterAll(() => redis.stop());

  it('A34: is said and waited for: not ready, callers talk, and all is well once it is there', async () => {
    const [, socket = ''] = redis.url.split('@');
    const later = join(redis.dir, 'later.sock');
    const service = await startService({
      redis: { ...redis, url: redis.url.replace(socket, later) },
      ready: false,
    });
    try {
      expect(problem(await service.api('GET', '/readyz'))).toEqual({
        status: 503,
        code: 'not_ready',
        retry: true,
      });
      expect((await service.api('GET', '/healthz')).status).toBe(200);
      await until(() => service.logged('waiting for redis: not ready').length > 0);

      const { caller, agent } = await service.talk();
      await stillTalk(caller, agent, random);
      const refused = await service.api('POST', '/v1/captures', { call: caller.sid });
      expect(problem(refused)).toEqual({ status: 503, code: 'redis_unavailable', retry: true });

      await symlink(socket, later);
      await service.app.sound;
      expect(await ready(service)).toBe(true);
      expect(await service.arm(caller)).toMatchObject({ status: 'collecting' });
      // The CRM hears of the call that began before.
      await service.crm.event('call.started', ({ data }) => data['call_sid'] === caller.sid);
    } finally {
      await service.stop();
    }
  });
});

describe('Redis away in the middle', () => {
  let service: Service;
  beforeAll(async () => {
    service = await startService();
  });
  afterAll(() => service.stop());

  const eventsOf = (id: string) =>
    service.crm.deliveries.filter(({ data }) => data['capture_id'] === id).map(({ type }) => type);

  it('A34: killed and back within a blink, costs nobody anything', async () => {
    const { caller, agent } = await service.talk();
    const capture = await service.arm(caller);
    await caller.press('42424242', FAST);
    service.redis.kill();
    await caller.press('424242421234', FAST);
    expect(await service.captureWhen(capture.id, over)).toMatchObject({ status: 'completed' });
    await service.crm.event('capture.completed', ({ data }) => data['capture_id'] === capture.id);
    expect(eventsOf(capture.id).toSorted()).toEqual(['capture.completed', 'capture.started']);
    caller.hangUp();
    await until(() => agent.over);
  });

  it('A34: silent (SIGSTOP), fails what is collecting, refuses to arm, lets all talk, and is made up for afterwards', async () => {
    await until(() => ready(service));
    const [first, second] = [await service.talk(), await service.talk()];
    const collecting = await service.arm(first.caller);
    const processing = await service.arm(second.caller);
    await first.caller.press('4242', FAST);
    await second.caller.press('424242424242424212', FAST);
    service.lines.splice(0);

    const paused = systemClock.monotonic();
    service.redis.pause();
    // The last keys of the second one: its card is with the vault while nothing answers.
    const keyed = second.caller.press('34', FAST);
    await service.captureWhen(processing.id, ({ status }) => status === 'processing');
    await keyed;
    expect(await service.captureWhen(collecting.id, over)).toMatchObject({
      status: 'failed',
      reason: 'vault_unavailable',
      token: null,
    });
    expect(await ready(service)).toBe(false);
    const refused = await service.api('POST', '/v1/captures', { call: first.caller.sid });
    expect(problem(refused)).toEqual({ status: 503, code: 'redis_unavailable', retry: true });
    await stillTalk(first.caller, first.agent, random);
    // Keys are covered all the same, and counted; who calls now is joined, too.
    await first.caller.press('1', FAST);
    await until(async () => (await service.call(first.caller.sid)).keys_before_capture === 1);
    const third = await service.talk();
    await stillTalk(third.caller, third.agent, random);
    third.caller.hangUp();
    await until(() => third.agent.over);
    expect(await service.captureWhen(processing.id, over)).toMatchObject({
      status: 'failed',
      reason: 'vault_unavailable',
      token: null,
    });
    expect(service.logged('redis does not answer')).toHaveLength(1);
    expect(service.logged('the till could not take a card')).toHaveLength(1);

    while (systemClock.monotonic() - paused < SILENCE_MS) {
      await sleep(500);
      expect(await ready(service)).toBe(false);
      await stillTalk(first.caller, first.agent, random);
    }
    service.redis.resume();
    await until(() => ready(service));
    const again = await service.arm(second.caller);
    await second.caller.press('42424242424242421234', FAST);
    expect(await service.captureWhen(again.id, over)).toMatchObject({ status: 'completed' });

    for (const { id } of [collecting, processing])
      await service.crm.event('capture.failed', ({ data }) => data['capture_id'] === id);
    for (const { sid } of [third.caller])
      await service.crm.event('call.ended', ({ data }) => data['call_sid'] === sid);
    // One end each, also in what is kept: nothing of the card that could not be sealed is left.
    for (const { id } of [collecting, processing]) {
      expect(eventsOf(id).toSorted()).toEqual(['capture.failed', 'capture.started']);
    }
    const cards = (await service.redis.admin.keys('tw:v:*:s:*')).length;
    expect(cards).toBe(2);
    // The call that came and went meanwhile can be found.
    await until(async () => (await service.api('GET', `/v1/calls/${third.caller.sid}`)).status === 200);
    for (const { caller, agent } of [first, second]) {
      caller.hangUp();
      await until(() => agent.over);
    }
  }, 80_000);

  it('A34: while a capture is about to be written down: 503, and nothing of it stays', async () => {
    await until(() => ready(service));
    const { caller, agent } = await service.talk();
    // Reads go on, writes wait for longer than a request may take, and are worked off then.
    await service.redis.admin.call('CLIENT', 'PAUSE', '2600', 'WRITE');
    const refused = await service.api('POST', '/v1/captures', { call: caller.sid, reference: 'order-9' });
    expect(problem(refused)).toEqual({ status: 503, code: 'redis_unavailable', retry: true });
    await until(() => ready(service));
    const capture = await service.arm(caller, { reference: 'order-9' });
    const { body } = await service.api('GET', '/v1/captures?reference=order-9');
    expect((body as { captures: CaptureView[] }).captures.map(({ id }) => id)).toEqual([capture.id]);
    caller.hangUp();
    await until(() => agent.over);
  });
});
