import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { isUnsettled } from '../../src/charge/charge-steps.js';
import type { ChargeStore } from '../../src/charge/charge-store.js';
import type { ChargeName } from '../../src/charge/unsettled.js';
import { FAULTS, type Verb } from '../../src/psp/simulated/fault.js';
import { Random } from '../support/random.js';
import { untilReady } from '../support/redis.js';
import { until } from '../support/service.js';
import { Bystanders } from './charge-bystanders.js';
import { FAIL_POINTS, refundElsewhereOf, type MakerOrder } from './charge-orders.js';
import { openStage, type Stage } from './charge-stage.js';
import { verdictOf, type ChargeVerdict, type Told } from './charge-verdict.js';

export interface ChargeRoundsOptions {
  charges: number;
  /** Processes that die over them, one after the other; two more live. */
  deaths: number;
  seed: number;
  /** How long the provider is away in the end. */
  awayMs: number;
  /** The makers are broken on purpose. */
  broken?: boolean;
  told?: (death: number, done: number) => void;
}

export interface ChargeFindings extends ChargeVerdict {
  deaths: number;
  redisKills: number;
  /** That were planned; most found a request. */
  faults: number;
  /** Refunds in the provider's own console. */
  elsewhere: number;
  /** Charges that nobody knew when the provider came back. */
  waiting: number;
  /** From the provider's return until the last of them was settled. */
  settledMs: number;
}

const FAULT_EVERY_MS = 10;
const FAULT_VERBS: readonly Verb[] = ['authorize', 'refund', 'look_up', 'void', 'open_page', 'close_page'];
/** Prime to the number of points, so that a few deaths are of every kind. */
const POINTS_APART = 5;
/** Charges that the provider makes and says nothing of, before it goes away; and of which it gives a part back then. */
const SILENT = 20;
/** Minor units. */
const REFUNDED_WHILE_AWAY = 70;
/** Longer than the proof allows: what is not settled by then is counted. */
const MOST_WAIT_MS = 120_000;

/**
 * Makes charges while everything around them fails: the process that makes them dies at each of its steps, Redis is
 * killed, the provider does what it is asked or doesn't, and says so or doesn't. Whoever has no answer asks again under
 * the same key. Payers pay on pages, twice, too late or never, and money is given back in the provider's own console. In
 * the end its ledger is held against our records.
 */
export async function chargeRounds(options: ChargeRoundsOptions): Promise<ChargeFindings> {
  const stage = await openStage(options.broken === true);
  try {
    return await new ChargeRounds(options, stage).run();
  } finally {
    await stage.close();
  }
}

class ChargeRounds {
  readonly #options: ChargeRoundsOptions;
  readonly #stage: Stage;
  readonly #random: Random;
  readonly #bystanders: Bystanders;
  readonly #told = new Map<number, Told>();
  /** Jobs of captures of which more is not to come: nobody keys a card again because somebody died. */
  readonly #begun = new Set<number>();
  /** Makers that have done all their jobs. */
  #idle = 0;
  #orders = 0;
  readonly #counts = { deaths: 0, redisKills: 0, faults: 0, waiting: 0, settledMs: 0 };

  constructor(options: ChargeRoundsOptions, stage: Stage) {
    this.#options = options;
    this.#stage = stage;
    this.#random = new Random(options.seed);
    this.#bystanders = new Bystanders(stage.provider, new Random(options.seed));
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
    const { givenBack, refunds } = this.#bystanders;
    const verdict = await verdictOf(this.#stage, charges, this.#told, givenBack);
    return { ...verdict, ...this.#counts, elsewhere: refunds };
  }

  /** Two nodes, which live. Of some charges they get no answer, then the provider is away, and then it is back. */
  async #outlast(jobs: readonly number[]): Promise<void> {
    const { provider, way, store } = this.#stage;
    const known = this.#told.size;
    provider.faults.clear();
    provider.faults.next('done_then_silent', { verb: 'authorize', times: SILENT });
    const letGo = new AbortController();
    const nodes = [0, 1].map((node) => {
      const own = jobs.filter((_, at) => at % 2 === node);
      return this.#make({ jobs: own, failPoint: null, failAfter: 0, last: true }, letGo.signal);
    });
    const ended = Promise.all(nodes);
    // What never comes is counted in the end.
    const come = (holds: Parameters<typeof until>[0]) =>
      Promise.race([until(holds, MOST_WAIT_MS).catch(() => {}), ended]);

    await come(() => this.#told.size > known);
    await way.close();
    const approved = [...this.#told.values()].filter(({ status }) => status === 'approved');
    for (const { id } of approved.slice(0, SILENT)) this.#bystanders.giveBack(id, REFUNDED_WHILE_AWAY);
    await sleep(this.#options.awayMs);
    const waiting = await unsettledOf(store, await store.unsettled.list(this.#options.charges));
    this.#counts.waiting = waiting.length;
    await way.reopen();
    const back = performance.now();
    await come(async () => (await unsettledOf(store, waiting)).length === 0);
    this.#counts.settledMs = Math.round(performance.now() - back);

    await come(() => this.#idle === nodes.length);
    await this.#bystanders.done();
    letGo.abort();
    await ended;
    provider.notices.url = null;
  }

  /** One process, with faults around it, which dies at a point of its own, or when it has lived long enough. */
  async #live(jobs: readonly number[], death: number): Promise<void> {
    const random = this.#random;
    const { provider } = this.#stage;
    const failPoint = FAIL_POINTS[(death * POINTS_APART) % FAIL_POINTS.length] ?? null;
    const rare = /refund|closed/.test(failPoint ?? '') ? 0.05 : failPoint?.includes('page') ? 0.1 : 0.5;
    const failAfter = Math.max(1, Math.floor(random.between(0.2, 1) * rare * jobs.length));
    const faults = setInterval(() => {
      provider.faults.clear();
      for (const verb of FAULT_VERBS) {
        provider.faults.next(FAULTS[random.below(FAULTS.length)] ?? 'slow', { verb });
        this.#counts.faults++;
      }
    }, FAULT_EVERY_MS);
    const redisDies = death % 3 === 2 ? this.#killRedisSoon() : Promise.resolve();
    try {
      await Promise.all([this.#make({ jobs, failPoint, failAfter, last: false }), redisDies]);
      this.#counts.deaths++;
    } finally {
      clearInterval(faults);
    }
  }

  async #make(
    order: Pick<MakerOrder, 'jobs' | 'failPoint' | 'failAfter' | 'last'>,
    letGo?: AbortSignal,
  ): Promise<void> {
    const { dir, maker } = this.#stage;
    const orderFile = join(dir, `order-${this.#orders++}`);
    await writeFile(orderFile, JSON.stringify({ ...maker, ...order }));
    const program = join(process.cwd(), 'test/prove/charge-maker.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', program, orderFile], {
      env: { PATH: process.env['PATH'] },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    letGo?.addEventListener('abort', () => child.stdin.write('end\n'));
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => this.#hear(line));
    const [[code]] = await Promise.all([once(child, 'close'), once(lines, 'close')]);
    if (code !== 0 && code !== null) throw new Error('a maker ended by a fault of its own');
  }

  #hear(line: string): void {
    const [name = '', status = '', id = '', url = ''] = line.split(' ');
    const job = Number(name);
    switch (status) {
      case 'hook':
        this.#stage.provider.notices.url = url;
        return;
      case 'idle':
        this.#idle++;
        return;
      case 'begun':
        this.#begun.add(job);
        return;
      case 'nothing':
        this.#begun.delete(job);
        return;
      case 'page':
        this.#told.set(job, { status: 'unknown', id });
        this.#bystanders.pay(job, id, url);
        return;
      default:
        this.#told.set(job, { status, id });
        if (status === 'approved') this.#bystanders.giveBack(id, refundElsewhereOf(job));
        if (status === 'declined') this.#bystanders.payClosed(id);
    }
  }

  async #killRedisSoon(): Promise<void> {
    const { server, redis } = this.#stage;
    await sleep(this.#random.between(1_500, 2_500));
    server.kill();
    this.#counts.redisKills++;
    await untilReady(redis, false);
    await untilReady(redis);
  }
}

/** Those of which something isn't known yet. */
async function unsettledOf(store: ChargeStore, names: readonly ChargeName[]): Promise<ChargeName[]> {
  const open = await Promise.all(
    names.map(({ merchant, id }) => store.get(merchant, id).then(isUnsettled, () => false)),
  );
  return names.filter((_, at) => open[at]);
}
