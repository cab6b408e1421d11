import type { Redis } from '../redis/redis.js';
import { REQUEST } from './rewrap-scripts.js';
import { WalkLedger } from './walk-ledger.js';

/** What became of rows of a pass. */
export interface RewrapCounts {
  scanned: number;
  rewrapped: number;
  /** Changed or gone while they were rewrapped. */
  raced: number;
  /** Not to be opened: damaged, or sealed by a key that is gone. */
  failed: number;
}

export interface RewrapProgress extends RewrapCounts {
  /** The version that all rows shall get; null before the first rotation. */
  target: string | null;
  /** How often it was asked for, and which of those requests is fulfilled. */
  round: number;
  done: number;
  /** The request that the pass under way, or the last one, belongs to. */
  pass: number;
}

const COUNTS = ['scanned', 'rewrapped', 'raced', 'failed'] as const satisfies readonly (keyof RewrapCounts)[];
const NUMBERS = ['round', 'done', 'pass', ...COUNTS] as const;

/**
 * What a rotation has come to, in Redis, so that any worker goes on where another was stopped. A request is a round;
 * it is fulfilled by a pass over all rows that had nothing left to do.
 */
export class RewrapLedger extends WalkLedger {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    super(redis, 'vault-rewrap');
    this.#redis = redis;
  }

  async read(): Promise<RewrapProgress> {
    const [target, ...numbers] = (await this.#redis.command('HMGET', this.state, 'target', ...NUMBERS)) as (
      string | null
    )[];
    const read = Object.fromEntries(NUMBERS.map((name, at) => [name, Number(numbers[at] ?? 0)]));
    return { ...(read as Record<(typeof NUMBERS)[number], number>), target: target ?? null };
  }

  /** Asks for all rows to get this version. */
  async request(target: string): Promise<void> {
    await this.#redis.run(REQUEST, [this.state], [target]);
  }

  /** Begins a pass, unless one was cut off: then that goes on. */
  async begin(): Promise<void> {
    if (await this.isUnderWay()) return;
    const { round } = await this.read();
    const zeroes = COUNTS.flatMap((name) => [name, 0]);
    await this.#redis.command('HSET', this.state, 'pass', round, ...zeroes);
  }

  /** Ends a pass; the request is fulfilled when there was nothing left to do in it. */
  async finish(): Promise<RewrapProgress> {
    const progress = await this.read();
    const clean = progress.rewrapped === 0 && progress.raced === 0;
    if (clean) await this.#redis.command('HSET', this.state, 'done', progress.pass);
    await this.endWalk();
    return clean ? { ...progress, done: progress.pass } : progress;
  }
}
