import { once } from 'node:events';
import { readFileSync, writeSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import express from 'express';
import type { ChargeView } from '../../src/capture/view.js';
import { CardTill } from '../../src/charge/card-till.js';
import { ChargeBook } from '../../src/charge/charge-book.js';
import { Cashier } from '../../src/charge/cashier.js';
import { ProviderPages } from '../../src/charge/page-charges.js';
import { Refunds } from '../../src/charge/refunds.js';
import type { Settlements } from '../../src/charge/settlements.js';
import { Settler } from '../../src/charge/settler.js';
import type { Conclusion } from '../../src/charge/till.js';
import { TokenCharges } from '../../src/charge/token-charges.js';
import { systemClock, timestamp } from '../../src/clock.js';
import { codeOf } from '../../src/errors.js';
import { createPspWebhook } from '../../src/http/psp-webhook.js';
import { newId } from '../../src/id.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import { parseRedisUrl } from '../../src/redis/redis-address.js';
import { RedisClient } from '../../src/redis/redis-client.js';
import { BUCKETS } from '../../src/redis/keys.js';
import { CardVault } from '../../src/vault/card-vault.js';
import { RedisTokenStore } from '../../src/vault/redis-token-store.js';
import type { TokenView } from '../../src/vault/vault.js';
import { aTake } from '../charge/charge-world.js';
import { Limits } from '../../src/fraud/limits.js';
import { MotoSums } from '../../src/fraud/moto-sums.js';
import { UNLIMITED } from '../support/limits.js';
import { NO_RECEIPTS } from '../support/no-receipts.js';
import { MemoryAudit } from '../support/audit.js';
import { openKeys } from '../support/keys.js';
import { untilReady } from '../support/redis.js';
import { MortalPsp, MortalStore } from './charge-mortals.js';
import {
  amountOf,
  isKeyed,
  isPaged,
  keepsCard,
  nameOf,
  PAGE_MS,
  pagePlanOf,
  refundOf,
  type FailPoint,
  type MakerOrder,
} from './charge-orders.js';

/**
 * A process that makes the charges of an order, as the service does, hears the provider's webhooks, and settles what it
 * finds unsettled. What becomes of each goes to standard output at once: `JOB STATUS ID`; what is keyed, or paid on a
 * page, says `JOB begun -` before, and `JOB page ID URL` once a payer may be sent there. Its own webhook is told as
 * `- hook - URL`. It kills itself at a point that the order names. The last of them say `- idle -` when their jobs are
 * done, and go on until they are told to end, on standard input, and everything is settled.
 */
const order = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as MakerOrder;
const SHOP = 'shop';
const LANES = 16;
/** Another one had the job, and perhaps died over it. */
const PASSING = new Set([
  ...['psp_unavailable', 'psp_misconfigured', 'redis_unavailable', 'vault_unavailable'],
  ...['idempotency_in_progress', 'unsettled'],
]);

let left = order.failAfter;

const shared = { clock: systemClock, log: silentLogger, metrics: createMetrics() };
const redis = new RedisClient({ address: parseRedisUrl(order.redisUrl), ...shared });
const psp = new MortalPsp(
  {
    ...{ url: order.pspUrl, secret: order.pspSecret, ca: order.pspCa, timeoutMs: 500 },
    ...{ webhookSecrets: [order.webhookSecret], clock: systemClock },
  },
  { pass, broken: order.broken },
);
const tokens = new RedisTokenStore({ redis, ...shared });
const keys = await openKeys(order.keyFile);
const vault = new CardVault({ keys, store: tokens, ttlDays: 15, opensPerHour: 1_000_000, ...shared });
const { graceMs } = order;
const store = new MortalStore({ redis, durability: 'local', clock: systemClock, graceMs }, pass);
const sums = new MotoSums({ limits: {}, redis, keys, clock: systemClock, log: silentLogger });
const audit = new MemoryAudit();
const limits = new Limits({ settings: UNLIMITED, redis, keys, audit, ...shared });
const settlements: Settlements = {
  conclude: ({ state, view }, token) => Promise.resolve(state === 'approved' ? completed(token, view) : null),
  callerOf: () => Promise.resolve(null),
  onPage: () => Promise.resolve(),
};
const book = new ChargeBook({
  ...{ store, vault, sums, limits, settlements, outbox: { nudge: () => {} }, live: false, ...shared },
});
const forgetter = { forget: () => Promise.resolve() };
const cashier = new Cashier({ psp, store, book, vault, forgetter, ...shared });
const refunds = new Refunds({ psp, store, book, sums, audit, ...shared });
const charges = new TokenCharges({
  psp,
  store,
  vault,
  cashier,
  refunds,
  receipts: NO_RECEIPTS,
  limits,
  sums,
  audit,
  clock: systemClock,
});
const till = new CardTill({ psp, storeCards: true, store, vault, forgetter, cashier, sums, ...shared });
const settler = new Settler({
  ...{ psp, store, book, cashier, refunds, settlements, vault, audit, merchants: [SHOP], ...shared },
});
const pages = new ProviderPages({ psp, store, book, settler, ...shared });

// Whoever gave the order is gone.
process.stdin.on('end', () => process.exit()).resume();
await untilReady(redis);
settler.start();
const door = express().use('/psp', createPspWebhook({ psp, settler, audit, ...shared }));
const listening = door.listen(0, '127.0.0.1');
await once(listening, 'listening');
say(`- hook - http://127.0.0.1:${(listening.address() as AddressInfo).port}/psp/${psp.name}/webhook`);
const jobs = order.jobs.values();
await Promise.all(Array.from({ length: LANES }, makeCharges));
if (order.last) {
  say('- idle -');
  await once(process.stdin, 'data');
  // Of what is made by mistake, the provider has no answer that fits.
  const end = Date.now() + (order.broken ? 3 * graceMs : Infinity);
  while (Date.now() < end && (await store.unsettled.count().catch(() => 1)) > 0) await sleep(20);
}
await settler.stop();
process.exit();

async function makeCharges(): Promise<void> {
  for (const job of jobs) {
    for (let attempt = 0; ; attempt++) {
      const code = await (isKeyed(job) ? keyed(job) : isPaged(job) ? paged(job) : charged(job));
      if (code === null || (!order.last && attempt > 3)) break;
      if (!PASSING.has(code)) throw new Error(`job ${job}: ${code}`);
      await sleep(50);
    }
  }
}

/** A card that is keyed within a capture. Nobody asks again unless he was told that nothing was done. */
async function keyed(job: number): Promise<string | null> {
  const bucket = job % BUCKETS;
  say(`${job} begun -`);
  try {
    const { status, charge } = await till.take(
      aTake({
        ...{ bucket, captureId: newId('cap_', bucket), reference: nameOf(job) },
        money: { amount: amountOf(job), currency: 'EUR' },
        conclude: completed,
      }),
    );
    say(
      `${job} ${{ done: 'approved', refused: 'declined', unknown: 'unknown' }[status]} ${charge?.id ?? '-'}`,
    );
    return null;
  } catch (error) {
    say(`${job} nothing -`);
    return codeOf(error);
  }
}

/** What becomes true with an approved charge of a capture. */
function completed(token: TokenView | null, charge: ChargeView | null): Conclusion {
  const data = { id: charge?.id, token: token?.token };
  return { events: [JSON.stringify({ type: 'capture.completed', data })], writes: [] };
}

/** A page that a payer is sent to. Another one is made only where nobody was sent to the first, or it has ended. */
async function paged(job: number): Promise<string | null> {
  const captureId = newId('cap_', job % BUCKETS);
  const plan = pagePlanOf(job);
  say(`${job} begun -`);
  let id: string;
  try {
    id = await shown(job, captureId);
  } catch (error) {
    say(`${job} nothing -`);
    return codeOf(error);
  }
  if (plan.startsWith('closed')) {
    await sleep(100 + (job % 5) * 50);
    const state = await closed(job, id);
    if (plan === 'closed, and another one made for the same capture' && state === 'declined') {
      id = await shown(job, captureId).catch(() => id);
    }
  }
  await givenBack(job, id);
  return null;
}

/** A page, with its charge durable before its payer is sent there. */
async function shown(job: number, captureId: string): Promise<string> {
  const keeps = keepsCard(job);
  const page = await pages.draft({
    ...{ merchant: SHOP, bucket: job % BUCKETS, captureId, language: 'en', reference: nameOf(job) },
    ...{ money: { amount: amountOf(job), currency: 'EUR' }, description: nameOf(job) },
    ...{ returnUrl: 'http://127.0.0.1:9/l/done', expiresAt: timestamp(Date.now() + PAGE_MS) },
    token: {
      ...{ purpose: keeps ? 'saved' : 'single', usage: keeps ? 'many' : 'once', metadata: {} },
      consent: keeps ? { at: timestamp(Date.now()), wording: 'may be kept' } : null,
    },
  });
  try {
    await store.create(page.charge);
    await pages.publish(page);
  } catch (error) {
    await pages.discard(page);
    throw error;
  }
  say(`${job} page ${page.charge.view.id} ${page.url}`);
  return page.charge.view.id;
}

/** What a page that nobody shall pay on any more has come to; null when that can't be had for now. */
async function closed(job: number, id: string): Promise<string | null> {
  for (let attempt = 0; attempt < 5; attempt++) {
    const state = await pages.end(SHOP, id).then(
      (record) => record.state,
      () => null,
    );
    if (state === 'approved' || state === 'declined') {
      say(`${job} ${state} ${id}`);
      return state;
    }
    await sleep(100);
  }
  return null;
}

/** Refunds what was paid on a page, once it is. */
async function givenBack(job: number, id: string): Promise<void> {
  const refund = refundOf(job);
  if (refund === 0) return;
  for (const end = Date.now() + PAGE_MS; Date.now() < end; await sleep(50)) {
    const state = await store.get(SHOP, id).then(
      (record) => record.state,
      () => null,
    );
    if (state === 'declined') return;
    if (state === 'approved') return void (await charges.refund(SHOP, id, refund, 'back').catch(() => {}));
  }
}

/** Null when the job is done; else why it isn't. */
async function charged(job: number): Promise<string | null> {
  const token = order.tokens[job % order.tokens.length] ?? '';
  const request = { token, amount: amountOf(job), currency: 'EUR', reference: null, network: null };
  try {
    const charge = await charges.charge(SHOP, { ...request, idempotencyKey: nameOf(job), language: 'en' });
    const refund = refundOf(job);
    if (charge.status === 'approved' && refund > 0) await charges.refund(SHOP, charge.id, refund, 'back');
    say(`${job} ${charge.status} ${charge.id}`);
    return null;
  } catch (error) {
    return codeOf(error);
  }
}

/** Dies when it has come to its point so many times: a SIGKILL, as by the machine. */
async function pass(point: FailPoint): Promise<void> {
  if (point !== order.failPoint || --left > 0) return;
  process.kill(process.pid, 'SIGKILL');
  await new Promise(() => {});
}

function say(line: string): void {
  writeSync(1, `${line}\n`);
}
