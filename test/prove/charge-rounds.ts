import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChargeStore, idempotencyDigest } from '../../src/charge/charge-store.js';
import type { ChargeRecord } from '../../src/charge/charge.js';
import { systemClock } from '../../src/clock.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import { FAULTS, type Fault, type Verb } from '../../src/psp/simulated/fault.js';
import { SimulatedProvider } from '../../src/psp/simulated/simulated-provider.js';
import { BUCKETS, outboxKey, slotTag } from '../../src/redis/keys.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import { CardVault } from '../../src/vault/card-vault.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import { RedisTokenStore } from '../../src/vault/redis-token-store.js';
import { card } from '../charge/charge-world.js';
import { openKeys } from '../support/keys.js';
import { Random } from '../support/random.js';
import { startTestRedis, untilReady, type TestRedis } from '../support/redis.js';
import { FAIL_POINTS, type MakerOrder } from './charge-orders.js';

export interface ChargeRoundsOptions {
  charges: number;
  /** Processes that die over them, one after the other; one more lives. */
  deaths: number;
  seed: number;
  /** The makers are broken on purpose. */
  broken?: boolean;
  told?: (death: number, done: number) => void;
}

export interface ChargeFindings {
  /** Requests that were made, each until it had an answer. */
  charges: number;
  approved: number;
  declined: number;
  deaths: number;
  redisKills: number;
  /** That were planned; most found a request. */
  faults: number;
  /** Money that was taken and stands for no approved charge, or more than once. */
  double: number;
  /** Charges that are approved and took no money, that were told to be what they are not, or that are gone. */
  lost: number;
  /** Not settled in the end. */
  unknown: number;
  /** Charges of which another amount was given back than is written down. */
  refundsWrong: number;
  /** Charges without just one event that tells their outcome. */
  miscounted: number;
  /** From the end of the last fault until everything was settled. */
  settledMs: number;
}

const SHOP = 'shop';
const SECRET = 'sk_prove';
const TOKENS = 64;
/** Longer than the provider's `late` fault, which takes money 3 s after its request. */
const GRACE_MS = 6_000;
const FAULT_EVERY_MS = 10;
/** Faults of what is asked, by verb. Those of webhooks have tests of their own. */
const FAULT_VERBS: readonly Verb[] = ['authorize', 'refund', 'look_up', 'void'];
const ASKED: readonly Fault[] = FAULTS.filter((fault) => !fault.startsWith('notice'));

/**
 * Makes charges while everything around them fails: the process that makes them dies at each of its steps, Redis is
 * killed, the provider does what it is asked or doesn't, and says so or doesn't. Whoever has no answer asks again under
 * the same key. In the end the provider's ledger is held against our records.
 */
export async function chargeRounds(options: ChargeRoundsOptions): Promise<ChargeFindings> {
  const dir = await mkdtemp(join(tmpdir(), 'tw-charge-'));
  const server = await startTestRedis();
  const provider = await SimulatedProvider.start({
    ...{ secret: SECRET, webhookSecret: 'whsec_cHJvdmU=', webhookUrl: null, clock: systemClock },
  });
  try {
    const keyFile = join(dir, 'keys.json');
    await createKeyFile(keyFile, new Date(0).toISOString());
    const redis = await server.client({ commandTimeoutMs: 30_000 });
    const shared = { clock: systemClock, log: silentLogger, metrics: createMetrics() };
    const tokenStore = new RedisTokenStore({ redis, ...shared });
    const vault = new CardVault({ keys: await openKeys(keyFile), store: tokenStore, ttlDays: 15, ...shared });
    const tokens = await Promise.all(Array.from({ length: TOKENS }, (_, n) => tokenIn(vault, n)));
    const maker = {
      ...{ redisUrl: server.url, keyFile, pspUrl: provider.url, pspSecret: SECRET, pspCa: provider.ca },
      ...{ graceMs: GRACE_MS, tokens, broken: options.broken === true },
    };
    return await new ChargeRounds(options, { server, redis, provider, maker }, join(dir, 'order')).run();
  } finally {
    await provider.close();
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

async function tokenIn(vault: CardVault, bucket: number): Promise<string> {
  const { token } = await vault.tokenize({
    ...{ merchant: SHOP, bucket, card: card(), purpose: 'single', usage: 'many', consent: null },
    ...{ networks: null, network: null, channel: 'moto_attended', metadata: {}, stored: null },
    ...{ announce: () => ({ events: [], writes: [] }) },
  });
  return token;
}

interface Stage {
  server: TestRedis;
  redis: RedisClient;
  provider: SimulatedProvider;
  maker: Omit<MakerOrder, 'jobs' | 'failPoint' | 'failAfter' | 'last'>;
}

class ChargeRounds {
  readonly #options: ChargeRoundsOptions;
  readonly #stage: Stage;
  readonly #orderFile: string;
  readonly #random: Random;
  /** What was told of a job: its charge, and what came of it. */
  readonly #told = new Map<number, { status: string; id: string }>();
  readonly #findings: ChargeFindings = {
    ...{ charges: 0, approved: 0, declined: 0, deaths: 0, redisKills: 0, faults: 0, double: 0, lost: 0 },
    ...{ unknown: 0, refundsWrong: 0, miscounted: 0, settledMs: 0 },
  };

  constructor(options: ChargeRoundsOptions, stage: Stage, orderFile: string) {
    this.#options = options;
    this.#stage = stage;
    this.#orderFile = orderFile;
    this.#random = new Random(options.seed);
    this.#findings.charges = options.charges;
  }

  async run(): Promise<ChargeFindings> {
    const { charges, deaths, told } = this.#options;
    const share = Math.ceil(charges / deaths);
    let open: number[] = [];
    for (let death = 0; death < deaths; death++) {
      const more = Math.min(share, charges - death * share);
      open = [...open, ...Array.from({ length: more }, (_, n) => death * share + n)];
      await this.#live(open, death);
      open = open.filter((job) => !this.#told.has(job));
      told?.(death, this.#told.size);
    }
    this.#stage.provider.faults.clear();
    await this.#make({ jobs: open, failPoint: null, failAfter: 0, last: true });
    await this.#check();
    return this.#findings;
  }

  /** One process, with faults around it, which dies at a point of its own, or when it has lived long enough. */
  async #live(jobs: readonly number[], death: number): Promise<void> {
    const random = this.#random;
    const { provider } = this.#stage;
    const failPoint = FAIL_POINTS[death % FAIL_POINTS.length] ?? null;
    const rare = failPoint?.includes('refund') ? 0.05 : 0.5;
    const failAfter = Math.max(1, Math.floor(random.between(0.2, 1) * rare * jobs.length));
    const faults = setInterval(() => {
      provider.faults.clear();
      for (const verb of FAULT_VERBS) {
        provider.faults.next(ASKED[random.below(ASKED.length)] ?? 'slow', { verb });
        this.#findings.faults++;
      }
    }, FAULT_EVERY_MS);
    const redisDies = death % 3 === 2 ? this.#killRedisSoon() : Promise.resolve();
    try {
      await Promise.all([this.#make({ jobs, failPoint, failAfter, last: false }), redisDies]);
      this.#findings.deaths++;
    } finally {
      clearInterval(faults);
    }
  }

  async #make(order: Pick<MakerOrder, 'jobs' | 'failPoint' | 'failAfter' | 'last'>): Promise<void> {
    await writeFile(this.#orderFile, JSON.stringify({ ...this.#stage.maker, ...order }));
    const program = join(process.cwd(), 'test/prove/charge-maker.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', program, this.#orderFile], {
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => this.#hear(line));
    const [[code]] = await Promise.all([once(child, 'close'), once(lines, 'close')]);
    if (code !== 0 && code !== null) throw new Error('a maker ended by a fault of its own');
  }

  #hear(line: string): void {
    const [job = '', status = '', id = ''] = line.split(' ');
    if (job === 'settled') this.#findings.settledMs = Number(status);
    else this.#told.set(Number(job), { status, id });
  }

  async #killRedisSoon(): Promise<void> {
    const { server, redis } = this.#stage;
    await sleep(this.#random.between(1_500, 2_500));
    server.kill();
    this.#findings.redisKills++;
    await untilReady(redis, false);
    await untilReady(redis);
  }

  /** The ledger against the records: every movement of money belongs to one of them, and to what it says. */
  async #check(): Promise<void> {
    const { redis, maker, provider } = this.#stage;
    const findings = this.#findings;
    const store = new ChargeStore({ redis, durability: 'local', clock: systemClock });
    const taken = new Map<string, { times: number; amount: number; back: number }>();
    for (const { kind, reference, amount } of provider.ledger.movements) {
      const sum = taken.get(reference) ?? { times: 0, amount: 0, back: 0 };
      if (kind === 'take')
        taken.set(reference, { ...sum, times: sum.times + 1, amount: sum.amount + amount });
      if (kind === 'refund') taken.set(reference, { ...sum, back: sum.back + amount });
    }
    const outcomes = await this.#outcomesTold();
    for (let job = 0; job < this.#options.charges; job++) {
      const token = maker.tokens[job % maker.tokens.length] ?? '';
      const record = await store.ofKey(SHOP, token, idempotencyDigest(token, `job ${job}`));
      if (record === null) {
        findings.lost++;
        continue;
      }
      const { id } = record.view;
      this.#judge(record, taken.get(id) ?? { times: 0, amount: 0, back: 0 }, this.#told.get(job));
      if (outcomes.get(id) !== 1) findings.miscounted++;
      taken.delete(id);
    }
    // What is left belongs to no charge.
    for (const { amount, back } of taken.values()) if (amount !== back) findings.double++;
  }

  #judge(
    { state, view }: ChargeRecord,
    { times, amount, back }: { times: number; amount: number; back: number },
    told: { status: string; id: string } | undefined,
  ): void {
    const findings = this.#findings;
    const lied = told !== undefined && told.status !== 'unknown' && told.status !== view.status;
    if (told === undefined || told.id !== view.id || lied) findings.lost++;
    if (state === 'approved') {
      findings.approved++;
      if (times > 1) findings.double++;
      if (times === 0 || amount !== view.amount) findings.lost++;
      if (back !== view.refunded) findings.refundsWrong++;
    } else if (state === 'declined') {
      findings.declined++;
      if (amount !== back) findings.double++;
    } else findings.unknown++;
  }

  /** How often each charge was told to be approved or declined. */
  async #outcomesTold(): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      for (const text of await this.#stage.server.admin.lrange(outboxKey(slotTag(SHOP, bucket)), 0, -1)) {
        const { type, data } = JSON.parse(text) as { type: string; data: { id: string } };
        if (type === 'charge.approved' || type === 'charge.declined') {
          counts.set(data.id, (counts.get(data.id) ?? 0) + 1);
        }
      }
    }
    return counts;
  }
}
