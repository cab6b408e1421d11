import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Alerts } from '../../src/audit/alert.js';
import type { AuditLog } from '../../src/audit/audit-log.js';
import { AuditTrail } from '../../src/audit/audit-trail.js';
import { OutcomeFollower } from '../../src/audit/outcome-follower.js';
import { withdrawn } from '../../src/audit/settled.js';
import { systemClock } from '../../src/clock.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import { slotTag, type SlotAppend } from '../../src/redis/keys.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import { ManualClock } from '../support/manual-clock.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';
import { entriesOf, newFolder, note, openLog } from './chains.js';

const SLOT = slotTag('shop', 7);

let server: TestRedis;
let redis: RedisClient;
let dir: string;
let node: Node;
beforeAll(async () => {
  server = await startTestRedis();
  redis = await server.client();
});
beforeEach(async () => {
  await server.admin.flushall();
  dir = await newFolder();
  node = await startNode(join(dir, 'chain'));
});
afterEach(async () => {
  await node.log.close();
  await rm(dir, { recursive: true });
});
afterAll(() => server.stop());

describe('what a change says of itself', () => {
  it('is the outcome of its intent, with the name that it got', async () => {
    await node.audit.as({ actor: 'crm', origin: 'cap_1' }, () =>
      change('token.create', 'shop', 'shop/tnw_1'),
    );
    expect(await written(node)).toEqual([['token.create', 'intent', 'crm', 'cap_1', 'shop', 0]]);
    await follow(node);
    expect(await written(node)).toEqual([
      ['token.create', 'intent', 'crm', 'cap_1', 'shop', 0],
      ['token.create', 'done', 'crm', 'cap_1', 'shop/tnw_1', 3],
    ]);
    expect(await server.admin.keys('tw:a:*')).toEqual([]);
  });

  it('is heard within a second, by who was told where', async () => {
    const clock = new ManualClock();
    const follower = followerOf(node, clock);
    follower.start();
    await change('token.create', 'shop', 'shop/tnw_1');
    for (const outcomes of [1, 2]) {
      while ((await written(node)).filter(([, outcome]) => outcome === 'done').length < outcomes) {
        clock.advance(1_000);
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (outcomes === 1) await change('token.destroy', 'shop/tnw_1', 'shop/tnw_1');
    }
    await follower.stop();
    expect((await written(node)).map(([type, outcome]) => `${type} ${outcome}`)).toEqual([
      ...['token.create intent', 'token.create done', 'token.destroy intent', 'token.destroy done'],
    ]);
  });

  it('A44: waits while the follower is down: what landed was done, of the rest nobody knows', async () => {
    const { log } = node;
    const landed = await log.append(note('shop', { type: 'token.create', outcome: 'intent' }));
    const lost = await log.append(note('shop', { type: 'token.create', outcome: 'intent' }));
    await append({ key: `tw:a:${SLOT}:${log.chain}`, value: `${landed} token.create done shop/tnw_1` });
    const next = await restarted(node);
    await follow(next);
    expect((await written(next)).slice(2)).toEqual([
      ['token.create', 'done', 'crm', '192.0.2.1', 'shop/tnw_1', landed],
      ['token.create', 'unknown', 'crm', '192.0.2.1', 'shop', lost],
    ]);
    await next.log.close();
  });

  it('is written once, however often it is found', async () => {
    const told = await change('token.create', 'shop', 'shop/tnw_1');
    await follow(node);
    await append(told);
    await follow(node);
    const next = await restarted(node);
    await append(told);
    await follow(next);
    expect((await written(next)).map(([, outcome]) => outcome)).toEqual(['intent', 'done']);
    expect(await server.admin.keys('tw:a:*')).toEqual([]);
    await next.log.close();
  });

  it('is told beside what its caller was told, and what became of it', async () => {
    let told: SlotAppend | null = null;
    const operation = node.audit.operation('token.create', 'shop', async (intent) => {
      told = intent.done(SLOT, 'shop/tnw_1');
      await append(told);
      await append(withdrawn(told));
      throw new Error('no answer');
    });
    await expect(operation).rejects.toThrow('no answer');
    await follow(node);
    expect((await written(node)).map(([, outcome]) => outcome)).toEqual([
      ...['intent', 'failed', 'done', 'withdrawn'],
    ]);
  });

  it('is not said of what came to nothing', async () => {
    await node.audit.operation(
      'token.destroy',
      'shop/tnw_1',
      (intent) => Promise.resolve(intent.done(SLOT, 'shop/tnw_1')),
      () => ({ outcome: 'absent' }),
    );
    await follow(node);
    expect((await written(node)).map(([, outcome]) => outcome)).toEqual(['intent', 'absent']);
  });
});

describe('A44: a change without an intent', () => {
  it.each([
    ['names an entry that is not there', () => '99 token.create done shop/tnw_1'],
    ['names an entry that is no intent', () => '2 token.create done shop/tnw_1'],
    ['is of another kind than its intent', (seq: number) => `${seq} token.destroy done shop/tnw_1`],
    ['is nothing that a node writes', () => 'token.create done'],
  ])('is an alert when it %s', async (_what, textOf) => {
    const seq = await node.log.append(note('shop', { type: 'token.create', outcome: 'intent' }));
    const text = textOf(seq);
    await append({ key: `tw:a:${SLOT}:${node.log.chain}`, value: text });
    await follow(node);
    await node.log.close();
    expect((await written(node)).at(-1)).toEqual([
      ...['alert.unexplained', 'done', 'service', 'here', `1 such as ${text}`, 0],
    ]);
    expect(await server.admin.keys('tw:a:*')).toEqual([]);
    expect(await node.metrics.registry.metrics()).toContain(
      'tonewall_audit_alerts_total{alert="unexplained"} 1',
    );
  });

  it('is found where a chain was cut with its head, and the change it announced was not heard yet', async () => {
    await cp(join(dir, 'chain'), join(dir, 'old'), { recursive: true });
    await change('token.destroy', 'shop/tnw_1', 'shop/tnw_1');
    const cut = await startNode(join(dir, 'old'));
    await follow(cut);
    await cut.log.close();
    expect((await written(cut)).map(([type]) => type)).toEqual(['alert.unexplained']);
  });
});

interface Node {
  audit: AuditTrail;
  log: AuditLog;
  metrics: ReturnType<typeof createMetrics>;
}

async function startNode(folder: string): Promise<Node> {
  const log = await openLog(folder);
  const metrics = createMetrics();
  return { log, metrics, audit: new AuditTrail({ log, clock: systemClock, metrics }) };
}

/** A process that goes on with the chain of one that was killed. */
async function restarted({ log }: Node): Promise<Node> {
  const folder = `${log.dir}-next`;
  await cp(log.dir, folder, { recursive: true });
  return startNode(folder);
}

function followerOf({ audit, log, metrics }: Node, clock = new ManualClock()): OutcomeFollower {
  const alerts = new Alerts({ audit, log: silentLogger, metrics });
  return new OutcomeFollower({
    ...{ audit, log, redis, alerts, clock },
    ...{ merchants: ['shop'], logger: silentLogger },
  });
}

/** Whatever is there by now. */
function follow(of: Node): Promise<void> {
  return followerOf(of).stop();
}

/** An operation as the vault does it: what it changes and what it says are one write. */
function change(type: 'token.create' | 'token.destroy', resource: string, made: string): Promise<SlotAppend> {
  return node.audit.operation(type, resource, async (intent) => {
    const told = intent.done(SLOT, made);
    await append(told);
    return told;
  });
}

async function append({ key, value }: SlotAppend): Promise<void> {
  await server.admin.rpush(key, value);
}

async function written({ log }: Node) {
  return (await entriesOf(log.dir))
    .filter(({ type }) => !type.startsWith('log.'))
    .map(({ type, outcome, actor, origin, resource, intent }) => [
      ...[type, outcome, actor, origin, resource, intent],
    ]);
}
