import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CallRecord, CaptureRecord } from '../../src/call/events.js';
import { Recovery } from '../../src/call/recovery.js';
import { RedisRecords } from '../../src/call/redis-records.js';
import type { OutboxEntry } from '../../src/crm/event.js';
import { newId } from '../../src/id.js';
import { silentLogger } from '../../src/log.js';
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
function recovery(): {
  told: OutboxEntry[];
  seconds: (count: number) => Promise<void>;
  stop: () => void;
} {
  const clock = new ManualClock();
  const told: OutboxEntry[] = [];
  const records = new RedisRecords(client, newId('node_'));
  const outbox = {
    async write(entry: OutboxEntry) {
      told.push(entry);
      for (const { key, value } of entry.writes) await client.command('SET', key, value);
    },
    append: () => Promise.resolve(),
    nudge: () => {},
  };
  const subject = new Recovery({ records, outbox, live: false, clock, log: silentLogger });
  subject.start();
  return {
    told,
    async seconds(count) {
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

const dies = ({ name }: { name: string }) => redis.admin.del(`tw:n:alive:${name}`);

describe('what a dead node left behind', () => {
  it('is ended once, with its events in order', async () => {
    const dead = await node();
    await dies(dead);
    const { told, seconds, stop } = recovery();
    await seconds(20);
    await until(async () => (await redis.admin.exists(`tw:n:owned:${dead.name}`)) === 0);
    expect((await dead.records.capture('shop', dead.capture.view.id))?.view).toMatchObject({
      status: 'failed',
      reason: 'service_restarted',
      current_field: null,
    });
    expect((await dead.records.call('shop', dead.call.view.id))?.view.status).toBe('ended');
    const events = told.map(({ event }) => event).toSorted((a, b) => a.sequence - b.sequence);
    expect(new Set(events.map(({ sequence }) => sequence)).size).toBe(2);
    expect(events.map(({ type }) => type).toSorted()).toEqual(['call.ended', 'capture.failed']);
    expect(events[0]?.sequence).toBeGreaterThan(2);
    await seconds(8);
    expect(told).toHaveLength(2);
    stop();
  });

  it('is left alone while the node lives', async () => {
    const living = await node();
    const { told, seconds, stop } = recovery();
    await seconds(24);
    expect(told).toEqual([]);
    expect((await living.records.call('shop', living.call.view.id))?.view.status).toBe('live');
    stop();
  });

  it('is left alone for as long as nobody could beat', async () => {
    const silenced = await node();
    await dies(silenced);
    const { told, seconds, stop } = recovery();
    await seconds(8);
    await silenced.records.beat();
    await seconds(12);
    expect(told).toEqual([]);
    stop();
  });
});
