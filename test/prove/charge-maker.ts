import { readFileSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChargeView } from '../../src/capture/view.js';
import { CardTill } from '../../src/charge/card-till.js';
import { ChargeBook } from '../../src/charge/charge-book.js';
import { isOpen } from '../../src/charge/charge-steps.js';
import { ChargeStore } from '../../src/charge/charge-store.js';
import { Cashier } from '../../src/charge/cashier.js';
import { Refunds } from '../../src/charge/refunds.js';
import type { Settlements } from '../../src/charge/settlements.js';
import { Settler } from '../../src/charge/settler.js';
import type { Conclusion } from '../../src/charge/till.js';
import { TokenCharges } from '../../src/charge/token-charges.js';
import { systemClock } from '../../src/clock.js';
import { codeOf } from '../../src/errors.js';
import type { ChargeRecord } from '../../src/charge/charge.js';
import { newId } from '../../src/id.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import type { AuthorizeRequest, Outcome, RefundOutcome, RefundRequest } from '../../src/psp/psp.js';
import { SimulatedPsp } from '../../src/psp/simulated-psp.js';
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
import { amountOf, isKeyed, nameOf, refundOf, type FailPoint, type MakerOrder } from './charge-orders.js';

/**
 * A process that makes the charges of an order, as the service does, and settles what it finds unsettled. What becomes
 * of each goes to standard output at once: `JOB STATUS ID`; what is keyed says `JOB begun` before. It kills itself at a
 * point that the order names. The last of them go on until everything is settled.
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

/** A store whose user may die before and after what it writes. */
class MortalStore extends ChargeStore {
  override async create(record: ChargeRecord): ReturnType<ChargeStore['create']> {
    await pass('before the intent');
    const created = await super.create(record);
    await pass('after the intent');
    return created;
  }

  override async change(...change: Parameters<ChargeStore['change']>): Promise<ChargeRecord> {
    const changed = await super.change(...change);
    if (!isOpen(changed)) await pass('after the outcome');
    return changed;
  }
}

/** A provider whose customer may die before and after what is asked of it. */
class MortalPsp extends SimulatedPsp {
  override async authorize(request: AuthorizeRequest): Promise<Outcome> {
    const answer = await super.authorize({
      ...request,
      sending: async (providerReference) => {
        await pass('before it is sent');
        await request.sending(providerReference);
        await pass('once it is sent');
      },
    });
    await pass('after the answer');
    if (!order.broken || answer.status !== 'unknown') return answer;
    // The mistake that must be found: what nobody knows is sent again under another name.
    return super.authorize({ ...request, reference: newId('chg_'), sending: () => Promise.resolve() });
  }

  override async refund(request: RefundRequest): Promise<RefundOutcome> {
    await pass('before a refund');
    const answer = await super.refund(request);
    await pass('after a refund');
    return answer;
  }
}

const shared = { clock: systemClock, log: silentLogger, metrics: createMetrics() };
const redis = new RedisClient({ address: parseRedisUrl(order.redisUrl), ...shared });
const psp = new MortalPsp({
  ...{ url: order.pspUrl, secret: order.pspSecret, ca: order.pspCa, webhookSecrets: [], timeoutMs: 500 },
  clock: systemClock,
});
const tokens = new RedisTokenStore({ redis, ...shared });
const keys = await openKeys(order.keyFile);
const vault = new CardVault({ keys, store: tokens, ttlDays: 15, opensPerHour: 1_000_000, ...shared });
const { graceMs } = order;
const store = new MortalStore({ redis, durability: 'local', clock: systemClock, graceMs });
const sums = new MotoSums({ limits: {}, redis, keys, clock: systemClock, log: silentLogger });
const audit = new MemoryAudit();
const limits = new Limits({ settings: UNLIMITED, redis, keys, audit, ...shared });
const settlements: Settlements = {
  conclude: ({ state, view }, token) => Promise.resolve(state === 'approved' ? completed(token, view) : null),
  callerOf: () => Promise.resolve(null),
  authenticated: () => Promise.resolve(),
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

await untilReady(redis);
settler.start();
const jobs = order.jobs.values();
await Promise.all(Array.from({ length: LANES }, makeCharges));
if (order.last) {
  while ((await store.unsettled.count().catch(() => 1)) > 0) await sleep(20);
}
await settler.stop();
process.exit();

async function makeCharges(): Promise<void> {
  for (const job of jobs) {
    for (let attempt = 0; ; attempt++) {
      const code = await (isKeyed(job) ? keyed(job) : charged(job));
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
