import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CardSecret } from '../../src/card/card.js';
import { CardTill } from '../../src/charge/card-till.js';
import { Cashier } from '../../src/charge/cashier.js';
import { ChargeBook } from '../../src/charge/charge-book.js';
import { ChargeStore } from '../../src/charge/charge-store.js';
import { ProviderPages } from '../../src/charge/page-charges.js';
import { Refunds } from '../../src/charge/refunds.js';
import type { Settlements } from '../../src/charge/settlements.js';
import { Settler } from '../../src/charge/settler.js';
import type { TakeRequest } from '../../src/charge/till.js';
import { TokenCharges } from '../../src/charge/token-charges.js';
import { systemClock } from '../../src/clock.js';
import type { Limits as LimitSettings } from '../../src/config.js';
import type { Caller } from '../../src/fraud/limit.js';
import { Limits } from '../../src/fraud/limits.js';
import { MotoSums } from '../../src/fraud/moto-sums.js';
import { silentLogger, type Logger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import type { Psp } from '../../src/psp/psp.js';
import { BUCKETS, slotTag } from '../../src/redis/keys.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import { Secret } from '../../src/secret.js';
import { CardVault } from '../../src/vault/card-vault.js';
import { Forgetter } from '../../src/vault/forgetter.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import { RedisTokenStore } from '../../src/vault/redis-token-store.js';
import type { TokenizeRequest } from '../../src/vault/vault.js';
import { MemoryAudit } from '../support/audit.js';
import { openKeys } from '../support/keys.js';
import { LedgerPsp } from '../support/ledger-psp.js';
import { UNLIMITED } from '../support/limits.js';
import { NO_RECEIPTS } from '../support/no-receipts.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';

export const SHOP = 'shop';
export const BUCKET = 0xc4;
/** On whose telephone all cards are keyed. */
export const CALLER: Caller = { number: '+33639980001', called: '+33199000001' };
/** Long enough that nothing is taken over by accident; a test turns the clock past it. */
export const GRACE_MS = 60_000;

/** All that charges are made of, over a real Redis and a vault with real keys. */
export interface ChargeWorld<P extends Psp = LedgerPsp> {
  readonly server: TestRedis;
  readonly redis: RedisClient;
  readonly psp: P;
  readonly vault: CardVault;
  readonly store: ChargeStore;
  readonly charges: TokenCharges;
  readonly settler: Settler;
  readonly pages: ProviderPages;
  readonly audit: MemoryAudit;
  readonly limits: Limits;
  readonly sums: MotoSums;
  /** For commands of the operator. */
  readonly env: Readonly<Record<string, string>>;
  /** Charges whose payers were known to their bank, on the page. */
  readonly steps: string[];
  /** What captures are told of charges that were settled after them. */
  readonly settled: Parameters<Settlements['conclude']>[0][];
  till(storeCards?: boolean): CardTill;
  /** Seals 4242424242424242 and gives its token. */
  token(more?: Partial<TokenizeRequest>): Promise<string>;
  /** Events in the outboxes of all slots, the oldest of each first: types and data. */
  events(): Promise<{ type: string; sequence: number; data: Record<string, unknown> }[]>;
  /** What was warned of: charges and words. */
  readonly warned: [charge: unknown, message: string][];
  /** Turns the clock of the charges. */
  pass(ms: number): void;
  stop(): Promise<void>;
}

export async function startChargeWorld(): Promise<ChargeWorld>;
export async function startChargeWorld<P extends Psp>(
  psp: P,
  limitSettings?: LimitSettings,
): Promise<ChargeWorld<P>>;
export async function startChargeWorld(
  psp: Psp = new LedgerPsp(),
  limitSettings = UNLIMITED,
): Promise<ChargeWorld<Psp>> {
  const server = await startTestRedis();
  const dir = await mkdtemp(join(tmpdir(), 'tw-charges-'));
  await createKeyFile(join(dir, 'keys.json'), '2026-11-22T00:00:00.000Z');
  const keys = await openKeys(join(dir, 'keys.json'));
  const redis = await server.client();
  let ahead = 0;
  const clock = { ...systemClock, now: () => Date.now() + ahead };
  const warned: [unknown, string][] = [];
  const log: Logger = { ...silentLogger, warn: ({ detail }, message) => void warned.push([detail, message]) };
  const shared = { clock, log, metrics: createMetrics() };
  const audit = new MemoryAudit();
  const forgetter = new Forgetter({ redis, keys, keeper: psp, audit, worker: 'one', ...shared });
  const destroyed = forgetter.gone.bind(forgetter);
  const tokens = new RedisTokenStore({ redis, ...shared, destroyed });
  const vault = new CardVault({ keys, store: tokens, ttlDays: 15, opensPerHour: 1_000, ...shared });
  const store = new ChargeStore({ redis, durability: 'local', clock, graceMs: GRACE_MS });
  const limits = new Limits({ settings: limitSettings, redis, keys, audit, ...shared });
  const sums = new MotoSums({ limits: { EUR: 50_000 }, redis, keys, clock, log: silentLogger });
  const outbox = { nudge: () => {} };
  const settled: ChargeWorld['settled'] = [];
  const steps: string[] = [];
  const settlements: Settlements = {
    callerOf: () => Promise.resolve(CALLER),
    onPage: async ({ view }, step) => void steps.push(`${view.id} ${step}`),
    conclude: async (charge, token) => {
      settled.push(charge);
      const key = `tw:c:${slotTag(SHOP, BUCKET)}:${charge.captureId}`;
      const before = await redis.command('GET', key);
      const replaces = typeof before === 'string' ? { replaces: before } : {};
      const data = token === null ? {} : { token };
      return {
        events: [JSON.stringify({ type: 'capture.completed', sequence: 1, data })],
        writes: [{ key, value: charge.state, ttlSeconds: 60, ...replaces }],
      };
    },
  };
  const book = new ChargeBook({
    ...{ store, vault, sums, limits, settlements, outbox, live: false, ...shared },
  });
  const cashier = new Cashier({ psp, store, book, vault, forgetter, ...shared });
  const refunds = new Refunds({ psp, store, book, sums, audit, ...shared });
  const settler = new Settler({
    ...{ psp, store, book, cashier, refunds, settlements, vault, audit, merchants: ['other', SHOP] },
    ...shared,
  });
  return {
    ...{ server, redis, psp, vault, store, settler, audit, settled, steps, warned },
    pages: new ProviderPages({ psp, store, book, settler, ...shared }),
    env: { REDIS_URL: server.url, DATA_DIR: dir, VAULT_KEY_FILE: join(dir, 'keys.json') },
    charges: new TokenCharges({
      psp,
      store,
      vault,
      cashier,
      refunds,
      receipts: NO_RECEIPTS,
      limits,
      sums,
      audit,
      clock,
    }),
    ...{ limits, sums },
    till: (storeCards = true) =>
      new CardTill({ psp, storeCards, store, vault, forgetter, cashier, sums, ...shared }),
    async token(more = {}) {
      const request = { ...aCard(), usage: 'many' as const, ...more };
      return (await vault.tokenize(request)).token;
    },
    async events() {
      const slots = Array.from({ length: BUCKETS }, (_, bucket) => `tw:o:${slotTag(SHOP, bucket)}`);
      const lists = await Promise.all(slots.map((key) => server.admin.lrange(key, 0, -1)));
      return lists.flat().map((text) => {
        const { type, sequence, data } = JSON.parse(text) as Awaited<
          ReturnType<ChargeWorld['events']>
        >[number];
        return { type, sequence, data };
      });
    },
    pass: (ms) => void (ahead += ms),
    async stop() {
      await forgetter.stop();
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A card to be sealed, announced by nothing. */
function aCard(): TokenizeRequest {
  return {
    ...{ merchant: SHOP, bucket: BUCKET, purpose: 'single', usage: 'many', consent: null, metadata: {} },
    ...{ card: card(), networks: null, network: null, channel: 'moto_attended', stored: null },
    ...{ announce: () => ({ events: [], writes: [] }) },
  };
}

export function card(): CardSecret {
  return { brand: 'visa', number: digits('4242424242424242'), expMonth: 12, expYear: 2034 };
}

export function digits(text: string): Secret {
  return Secret.of(Uint8Array.from(text, Number));
}

/** A card that has just been keyed, to be charged EUR 12.50. */
export function aTake(more: Partial<TakeRequest> = {}): TakeRequest {
  return {
    ...{ merchant: SHOP, bucket: BUCKET, captureId: `cap_${'0'.repeat(26)}`, outcome: 'charge' },
    caller: CALLER,
    ...{ card: card(), code: digits('123'), money: { amount: 1250, currency: 'EUR' }, reference: 'order 7' },
    ...{ channel: 'moto_attended', purpose: 'single', usage: 'many', consent: null, metadata: {} },
    ...{ networks: null, network: null, language: 'en' },
    conclude: (token, charge) => ({
      events: [
        JSON.stringify({ type: 'capture.completed', sequence: 9, data: { token: token.token, charge } }),
      ],
      writes: [{ key: `tw:c:${slotTag(SHOP, BUCKET)}:cap`, value: 'completed', ttlSeconds: 60 }],
    }),
    ...more,
  };
}

/** Somebody is faster than the next run of this script, once. */
export function beforeScript(redis: RedisClient, name: string, work: () => Promise<unknown>): void {
  const run = redis.run.bind(redis);
  redis.run = async (script, keys, args) => {
    if (script.name === name) {
      redis.run = run;
      await work();
    }
    return run(script, keys, args);
  };
}
