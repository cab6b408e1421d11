import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { events } from '../../src/cli/events.js';
import { systemClock } from '../../src/clock.js';
import { DeliveryQueue } from '../../src/crm/delivery-queue.js';
import { RedisEventLog } from '../../src/crm/redis-event-log.js';
import { Webhook } from '../../src/crm/webhook.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import { parseRedisUrl } from '../../src/redis/redis-address.js';
import { anEvent } from '../support/events.js';
import { startInbox, status, type Inbox } from '../support/inbox.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';

let server: TestRedis;
let log: RedisEventLog;
let queue: DeliveryQueue;
let inbox: Inbox;
beforeAll(async () => {
  server = await startTestRedis();
  log = new RedisEventLog(await server.client());
  const address = parseRedisUrl(server.url);
  queue = new DeliveryQueue({ address, events: log, log: silentLogger, metrics: createMetrics() });
  inbox = await startInbox();
  inbox.answer = status(500);
});
afterAll(async () => {
  await queue.close();
  await inbox.close();
  await server.stop();
});

async function run(args: string[], env: Record<string, string> = { REDIS_URL: server.url }) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const code = await events.run(args, { stdin: process.stdin, stdout, stderr, env });
  stdout.end();
  stderr.end();
  return { code, stdout: await text(stdout), stderr: await text(stderr) };
}

const delivered = anEvent({ merchant: 'default', timestamp: '2026-11-21T10:00:00.000Z' });
const given = anEvent({ merchant: 'default', timestamp: '2026-11-21T10:00:01.000Z', type: 'call.ended' });

it('lists what went, or is to go, and what was given up', async () => {
  await log.add(delivered);
  await log.mark('default', delivered.id, 'delivered');
  await log.add(given);
  await queue.add(given);
  queue.start(
    new Webhook({ url: inbox.url, secrets: [`whsec_${'a'.repeat(32)}`], clock: systemClock }),
    () => 1,
  );
  while ((await log.get('default', given.id))?.delivery !== 'failed') await new Promise(setImmediate);

  const lineGiven = `2026-11-21T10:00:01.000Z  failed     ${given.id}  call.ended         default\n`;
  expect(await run([])).toEqual({
    code: 0,
    stdout: `2026-11-21T10:00:00.000Z  delivered  ${delivered.id}  call.started       default\n${lineGiven}`,
    stderr: '',
  });
  expect(await run(['dead'])).toEqual({ code: 0, stdout: lineGiven, stderr: '' });
  expect(await run(['list', '--merchant', 'other'])).toEqual({ code: 0, stdout: '', stderr: '' });
});

it('sends one again, or all that were given up', async () => {
  const before = inbox.received.length;
  expect(await run(['resend', delivered.id])).toMatchObject({ code: 0, stdout: '1 to be sent again\n' });
  expect(await run(['resend', '--all'])).toMatchObject({ code: 0, stdout: '1 to be sent again\n' });
  const again = () => new Set(inbox.received.slice(before).map(({ headers }) => headers['webhook-id']));
  while (again().size < 2) await inbox.until(inbox.received.length + 1);
  expect(again()).toEqual(new Set([delivered.id, given.id]));
  expect(await run(['resend', 'evt_none'])).toMatchObject({ code: 1, stdout: '' });
});

it('finds the private Redis of a data folder', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tw-'));
  await mkdir(join(dataDir, 'redis'));
  await writeFile(join(dataDir, 'redis', 'url'), server.url);
  expect(await run(['list'], { DATA_DIR: dataDir })).toMatchObject({ code: 0 });
  await rm(join(dataDir, 'redis', 'url'));
  await expect(run(['list'], { DATA_DIR: dataDir })).rejects.toMatchObject({
    code: 'config_invalid',
    message: expect.stringContaining('no Redis: set REDIS_URL'),
  });
  await rm(dataDir, { recursive: true });
});

it.each([[['lists']], [['resend']], [['list', 'x']], [['resend', 'a', 'b']]])(
  'shows its usage for %j',
  async (args) => {
    expect(await run(args)).toMatchObject({ code: 2, stderr: expect.stringMatching(/^usage: /) });
  },
);
