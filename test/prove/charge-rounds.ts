import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { isUnsettled } from '../../src/charge/charge-steps.js';
import { ChargeStore, idempotencyDigest } from '../../src/charge/charge-store.js';
import type { ChargeRecord } from '../../src/charge/charge.js';
import type { ChargeName } from '../../src/charge/unsettled.js';
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
import { until } from '../support/service.js';
import { startRelay, type Relay } from '../support/relay.js';
import { FAIL_POINTS, isKeyed, jobOf, nameOf, type MakerOrder } from './charge-orders.js';

export interface ChargeRoundsOptions {
  charges: number;
  /** Processes that die over them, one after the other; one more lives. */
  deaths: number;
  seed: number;
  /** How long the provider is away in the end. */
  awayMs: number;
  /** The makers are broken on purpose. */
  broken?: boolean;
  told?: (death: number, done: number) => void;
}

export interface ChargeFindings {
  /** Requests by token, each made until it had an answer. */
  byToken: number;
  /** Charges of cards that were keyed within a capture. */
  keyed: number;
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
  /** Captures that ended otherwise than their charge, or without its token. */
  halves: number;
  /** Charges that nobody knew when the provider came back. */
  waiting: number;
  /** From the provider's return until the last of them was settled. */
  settledMs: number;
}

const SHOP = 'shop';
const SECRET = 'sk_prove';
const TOKENS = 64;
/** Longer than the provider's `late` fault, which takes money 3 s after its request. */
const GRACE_MS = 6_000;
const FAULT_EVERY_MS = 10;
/** Charges that the provider makes and says nothing of, before it goes away. */
const SILENT = 20;
/** Longer than the proof allows: what is not settled by then is counted. */
const MOST_WAIT_MS = 120_000;
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
  const way = await ProviderWay.open(Number(new URL(provider.url).port));
  try {
    const keyFile = join(dir, 'keys.json');
    await createKeyFile(keyFile, new Date(0).toISOString());
    const redis = await server.client({ commandTimeoutMs: 30_000 });
    const shared = { clock: systemClock, log: silentLogger, metrics: createMetrics() };
    const tokenStore = new RedisTokenStore({ redis, ...shared });
    const vault = new CardVault({ keys: await openKeys(keyFile), store: tokenStore, ttlDays: 15, ...shared });
    const tokens = await Promise.all(Array.from({ length: TOKENS }, (_, n) => tokenIn(vault, n)));
    const maker = {
      ...{ redisUrl: server.url, keyFile, pspUrl: way.url, pspSecret: SECRET, pspCa: provider.ca },
      ...{ graceMs: GRACE_MS, tokens, broken: options.broken === true },
    };
    return await new ChargeRounds(
      options,
      { server, redis, provider, way, vault, maker },
      join(dir, 'order'),
    ).run();
  } finally {
    await way.close();
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
  way: ProviderWay;
  vault: CardVault;
  maker: Omit<MakerOrder, 'jobs' | 'failPoint' | 'failAfter' | 'last'>;
}

/** A port that leads to the provider, or is closed. */
class ProviderWay {
  readonly #target: number;
  #relay: Relay;

  private constructor(relay: Relay, target: number) {
    this.#relay = relay;
    this.#target = target;
    relay.target = target;
  }

  static async open(target: number): Promise<ProviderWay> {
    return new ProviderWay(await startRelay(), target);
  }

  get url(): string {
    return `https://127.0.0.1:${this.#relay.port}`;
  }

  close(): Promise<void> {
    return this.#relay.close();
  }

  async reopen(): Promise<void> {
    this.#relay = await startRelay(this.#relay.port);
    this.#relay.target = this.#target;
  }
}

class ChargeRounds {
  readonly #options: ChargeRoundsOptions;
  readonly #stage: Stage;
  readonly #orderFile: string;
  readonly #random: Random;
  #orders = 0;
  /** What was told of a job: its charge, and what came of it. */
  readonly #told = new Map<number, { status: string; id: string }>();
  /** Keyed jobs of which more is not to come: nobody keys a card again because somebody died. */
  readonly #begun = new Set<number>();
  readonly #findings: ChargeFindings = {
    ...{
      byToken: 0,
      keyed: 0,
      approved: 0,
      declined: 0,
      deaths: 0,
      redisKills: 0,
      faults: 0,
      double: 0,
      lost: 0,
    },
    ...{ unknown: 0, refundsWrong: 0, miscounted: 0, halves: 0, waiting: 0, settledMs: 0 },
  };

  constructor(options: ChargeRoundsOptions, stage: Stage, orderFile: string) {
    this.#options = options;
    this.#stage = stage;
    this.#orderFile = orderFile;
    this.#random = new Random(options.seed);
  }

  async run(): Promise<ChargeFindings> {
    const { charges, deaths, told } = this.#options;
    const share = Math.ceil(charges / (deaths + 1));
    let open: number[] = [];
    for (let part = 0; part <= deaths; part++) {
      const more = Math.min(share, charges - part * share);
      open = [...open, ...Array.from({ length: Math.max(0, more) }, (_, n) => part * share + n)];
      await (part < deaths ? this.#live(open, part) : this.#outlast(open));
      open = open.filter((job) => !this.#told.has(job) && !this.#begun.has(job));
      told?.(part, this.#told.size);
    }
    await this.#check();
    return this.#findings;
  }

  /** Two nodes, which live. Of some charges they get no answer, then the provider is away, and then it is back. */
  async #outlast(jobs: readonly number[]): Promise<void> {
    const { provider, way, redis } = this.#stage;
    const store = new ChargeStore({ redis, durability: 'local', clock: systemClock });
    const known = this.#told.size;
    provider.faults.clear();
    provider.faults.next('done_then_silent', { verb: 'authorize', times: SILENT });
    const nodes = [0, 1].map((node) => {
      const own = jobs.filter((_, at) => at % 2 === node);
      return this.#make({ jobs: own, failPoint: null, failAfter: 0, last: true });
    });
    const ended = Promise.all(nodes);
    await Promise.race([until(() => this.#told.size > known, MOST_WAIT_MS), ended]);
    await way.close();
    await sleep(this.#options.awayMs);
    const waiting = await unsettledOf(store, await store.unsettled.list(this.#options.charges));
    this.#findings.waiting = waiting.length;
    await way.reopen();
    const back = performance.now();
    const settled = until(async () => (await unsettledOf(store, waiting)).length === 0, MOST_WAIT_MS);
    await Promise.race([settled, ended]);
    this.#findings.settledMs = Math.round(performance.now() - back);
    await ended;
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
    const orderFile = `${this.#orderFile}-${this.#orders++}`;
    await writeFile(orderFile, JSON.stringify({ ...this.#stage.maker, ...order }));
    const program = join(process.cwd(), 'test/prove/charge-maker.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', program, orderFile], {
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
    if (status === 'begun') this.#begun.add(Number(job));
    else if (status === 'nothing') this.#begun.delete(Number(job));
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
    const { redis, maker, provider, vault } = this.#stage;
    const findings = this.#findings;
    const store = new ChargeStore({ redis, durability: 'local', clock: systemClock });
    const taken = new Map<string, { times: number; amount: number; back: number }>();
    for (const { kind, reference, amount } of provider.ledger.movements) {
      const sum = taken.get(reference) ?? { times: 0, amount: 0, back: 0 };
      if (kind === 'take')
        taken.set(reference, { ...sum, times: sum.times + 1, amount: sum.amount + amount });
      if (kind === 'refund') taken.set(reference, { ...sum, back: sum.back + amount });
    }
    const counts = await this.#eventsTold();
    const moved = (id: string) => taken.get(id) ?? { times: 0, amount: 0, back: 0 };
    const judged = ({ view }: ChargeRecord): void => {
      if (counts.outcomes.get(view.id) !== 1) findings.miscounted++;
      taken.delete(view.id);
    };
    for (let job = 0; job < this.#options.charges; job++) {
      if (isKeyed(job)) continue;
      findings.byToken++;
      const token = maker.tokens[job % maker.tokens.length] ?? '';
      const record = await store.ofKey(SHOP, token, idempotencyDigest(token, nameOf(job)));
      const told = this.#told.get(job);
      if (record === null || told?.id !== record.view.id) findings.lost++;
      if (record === null) continue;
      this.#judge(record, moved(record.view.id), told);
      judged(record);
    }
    const keyed = await this.#keyed();
    for (const record of keyed) {
      const { id, reference } = record.view;
      const told = this.#told.get(jobOf(reference));
      this.#judge(record, moved(id), told?.id === id ? told : undefined);
      judged(record);
      const kept = record.token !== null && (await vault.token(SHOP, record.token)) !== null;
      const ends = [record.state === 'approved' ? 1 : 0, counts.completed.get(id) ?? 0, kept ? 1 : 0];
      if (new Set(ends).size > 1) findings.halves++;
    }
    findings.keyed = keyed.length;
    const ids = new Set(keyed.map(({ view }) => view.id));
    for (const [job, { id }] of this.#told) if (isKeyed(job) && id !== '-' && !ids.has(id)) findings.lost++;
    // What is left belongs to no charge.
    for (const { amount, back } of taken.values()) if (amount !== back) findings.double++;
  }

  #judge(
    { state, view }: ChargeRecord,
    { times, amount, back }: { times: number; amount: number; back: number },
    told: { status: string; id: string } | undefined,
  ): void {
    const findings = this.#findings;
    if (told !== undefined && told.status !== 'unknown' && told.status !== view.status) findings.lost++;
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

  /** Charges of cards that were keyed: nobody asks for them again, so they are found by what they are called. */
  async #keyed(): Promise<ChargeRecord[]> {
    const { admin } = this.#stage.server;
    const texts = await Promise.all((await admin.keys('tw:c:*:chg_*')).map((key) => admin.get(key)));
    const records = texts.map((text) => JSON.parse(text ?? '') as ChargeRecord);
    return records.filter(({ captureId }) => captureId !== null);
  }

  /** How often each charge was told to be approved or declined, and its capture to be completed. */
  async #eventsTold(): Promise<Record<'outcomes' | 'completed', Map<string, number>>> {
    const counts = { outcomes: new Map<string, number>(), completed: new Map<string, number>() };
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      for (const text of await this.#stage.server.admin.lrange(outboxKey(slotTag(SHOP, bucket)), 0, -1)) {
        const { type, data } = JSON.parse(text) as { type: string; data: { id: string } };
        const told = { 'charge.approved': 'outcomes', 'charge.declined': 'outcomes' } as const;
        const of = type === 'capture.completed' ? 'completed' : told[type as keyof typeof told];
        if (of !== undefined) counts[of].set(data.id, (counts[of].get(data.id) ?? 0) + 1);
      }
    }
    return counts;
  }
}

/** Those of which something isn't known yet. */
async function unsettledOf(store: ChargeStore, names: readonly ChargeName[]): Promise<ChargeName[]> {
  const open = await Promise.all(
    names.map(({ merchant, id }) => store.get(merchant, id).then(isUnsettled, () => false)),
  );
  return names.filter((_, at) => open[at]);
}
