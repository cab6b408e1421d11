import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CallRecord, CaptureRecord } from '../../src/call/events.js';
import { Recovery } from '../../src/call/recovery.js';
import { RedisRecords } from '../../src/call/redis-records.js';
import type { CrmEvent } from '../../src/crm/event.js';
import { RedisOutbox } from '../../src/crm/redis-outbox.js';
import { newId } from '../../src/id.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import { outboxKey, slotOf } from '../../src/redis/keys.js';
import type { Redis } from '../../src/redis/redis.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import { CALL, CAPTURE } from '../support/http-world.js';
import { ManualClock } from '../support/manual-clock.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';
import { until } from '../support/service.js';

let redis: TestRedis;
let client: RedisClient;

beforeAll(async () => {
  redis = await startTestRedis();
  client = await redis.client();
});
afterAll(() => redis.stop());

/** A node that has a live call with a capture on it, and has not beaten yet. */
async function node(): Promise<{
  name: string;
  records: RedisRecords;
  call: CallRecord;
  capture: CaptureRecord;
}> {
  const name = newId('node_');
  const records = new RedisRecords(client, name);
  const capture: CaptureRecord = { merchant: 'shop', sequence: 2, view: { ...CAPTURE, id: newId('cap_') } };
  const call: CallRecord = {
    ...{ merchant: 'shop', called: '+33199000001', sequence: 2 },
    view: { ...CALL, id: newId('call_'), capture_id: capture.view.id },
  };
  capture.view.call_id = call.view.id;
  await records.keepCall(call);
  await records.openCapture(capture);
  const { key, value } = records.writeOf(capture);
  await client.command('SET', key, value);
  return { name, records, call, capture };
}

/** Recovery on a node of its own; `seconds` lets time pass round by round. */
function recovery(redis: Redis = client) {
  const clock = new ManualClock();
  const records = new RedisRecords(redis, newId('node_'));
  const shared = { clock, log: silentLogger };
  const outbox = new RedisOutbox({ redis, relay: { nudge: () => {} }, metrics: createMetrics(), ...shared });
  const subject = new Recovery({ records, outbox, live: false, ...shared });
  subject.start();
  return {
    seconds: async (count: number): Promise<void> => {
      for (let second = 0; second < count; second++) {
        // A round has ended once the next one waits for its time.
        await until(() => clock.waiting === 1);
        clock.advance(1000);
      }
      await until(() => clock.waiting === 1);
    },
    stop: () => subject.stop(),
  };
}

/** What the CRM is told of these, in the order of their numbers. */
async function told(...ids: string[]): Promise<CrmEvent[]> {
  const lists = await Promise.all(ids.map((id) => redis.admin.lrange(outboxKey(slotOf('shop', id)), 0, -1)));
  const events = lists.flat().map((text) => JSON.parse(text) as CrmEvent);
  return events
    .filter(({ data }) => ids.some((id) => id === data['capture_id'] || id === data['call_id']))
    .toSorted((a, b) => a.sequence - b.sequence);
}

const dies = ({ name }: { name: string }) => redis.admin.del(`tw:n:alive:${name}`);

describe('what a dead node left behind', () => {
  it('is ended once, with its events in order', async () => {
    const dead = await node();
    await dies(dead);
    const { seconds, stop } = recovery();
    await seconds(20);
    await until(async () => (await redis.admin.exists(`tw:n:owned:${dead.name}`)) === 0);
    expect((await dead.records.capture('shop', dead.capture.view.id))?.view).toMatchObject({
      status: 'failed',
      reason: 'service_restarted',
      current_field: null,
    });
    expect((await dead.records.call('shop', dead.call.view.id))?.view.status).toBe('ended');
    const events = await told(dead.call.view.id, dead.capture.view.id);
    expect(new Set(events.map(({ sequence }) => sequence)).size).toBe(2);
    expect(events.map(({ type }) => type).toSorted()).toEqual(['call.ended', 'capture.failed']);
    expect(events[0]?.sequence).toBeGreaterThan(2);
    await seconds(8);
    expect(await told(dead.call.view.id, dead.capture.view.id)).toEqual(events);
    stop();
  });

  it('stays what a charge made of it that was settled at that very moment', async () => {
    const dead = await node();
    await dies(dead);
    const completed: CaptureRecord = {
      ...dead.capture,
      sequence: 7,
      view: { ...dead.capture.view, status: 'completed', current_field: null },
    };
    let settled = false;
    const late: Redis = {
      get ready() {
        return client.ready;
      },
      watch: (listener) => client.watch(listener),
      command: (...command) => client.command(...command),
      commandBuffer: (...command) => client.commandBuffer(...command),
      close: () => client.close(),
      run: async (...run: Parameters<Redis['run']>) => {
        if (run[0].name === 'record-change' && !settled) {
          settled = true;
          const { key, value } = dead.records.writeOf(completed);
          await client.command('SET', key, value);
        }
        return client.run(...run);
      },
    };
    const { seconds, stop } = recovery(late);
    await seconds(20);
    await until(async () => (await redis.admin.exists(`tw:n:owned:${dead.name}`)) === 0);
    expect(settled).toBe(true);
    expect(await dead.records.capture('shop', dead.capture.view.id)).toEqual(completed);
    expect((await told(dead.call.view.id, dead.capture.view.id)).map(({ type }) => type)).toEqual([
      'call.ended',
    ]);
    stop();
  });

  it('is left alone while the node lives', async () => {
    const living = await node();
    const { seconds, stop } = recovery();
    await seconds(24);
    expect(await told(living.call.view.id, living.capture.view.id)).toEqual([]);
    expect((await living.records.call('shop', living.call.view.id))?.view.status).toBe('live');
    stop();
  });

  it('is left alone for as long as nobody could beat', async () => {
    const silenced = await node();
    await dies(silenced);
    const { seconds, stop } = recovery();
    await seconds(8);
    await silenced.records.beat();
    await seconds(12);
    expect(await told(silenced.call.view.id, silenced.capture.view.id)).toEqual([]);
    stop();
  });
});
