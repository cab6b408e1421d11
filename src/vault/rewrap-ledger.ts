import { KEY_PREFIX } from '../redis/keys.js';
import type { Redis } from '../redis/redis.js';
import { ADVANCE, LEASE, RELEASE, REQUEST } from './rewrap-scripts.js';

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

const STATE = `${KEY_PREFIX}{vault-rewrap}:state`;
const CURSORS = `${KEY_PREFIX}{vault-rewrap}:cursors`;
const LEASE_KEY = `${KEY_PREFIX}{vault-rewrap}:lease`;
/** A worker that died holds the others up for so long. */
const LEASE_MS = 10_000;

const COUNTS = ['scanned', 'rewrapped', 'raced', 'failed'] as const satisfies readonly (keyof RewrapCounts)[];
const NUMBERS = ['round', 'done', 'pass', ...COUNTS] as const;

/** A Redis server's walk is over. */
export const END = 'end';

/**
 * What a rotation has come to, in Redis, so that any worker goes on where another was stopped. A request is a round;
 * it is fulfilled by a pass over all rows that had nothing left to do. Cursors are noted by the run of the server that
 * gave them: another run has another order, and is walked from its start.
 */
export class RewrapLedger {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async read(): Promise<RewrapProgress> {
    const [target, ...numbers] = (await this.#redis.command('HMGET', STATE, 'target', ...NUMBERS)) as (
      string | null
    )[];
    const read = Object.fromEntries(NUMBERS.map((name, at) => [name, Number(numbers[at] ?? 0)]));
    return { ...(read as Record<(typeof NUMBERS)[number], number>), target: target ?? null };
  }

  /** Asks for all rows to get this version. */
  async request(target: string): Promise<void> {
    await this.#redis.run(REQUEST, [STATE], [target]);
  }

  /** Takes or prolongs the right to work; false while another has it. */
  async lease(worker: string): Promise<boolean> {
    return (await this.#redis.run(LEASE, [LEASE_KEY], [worker, LEASE_MS])) === 1;
  }

  async release(worker: string): Promise<void> {
    await this.#redis.run(RELEASE, [LEASE_KEY], [worker]);
  }

  /** Begins a pass, unless one was cut off: then that goes on. */
  async begin(): Promise<void> {
    if ((await this.#redis.command('EXISTS', CURSORS)) === 1) return;
    const { round } = await this.read();
    const zeroes = COUNTS.flatMap((name) => [name, 0]);
    await this.#redis.command('HSET', STATE, 'pass', round, ...zeroes);
  }

  /** Where the walk over a server goes on: `0` at its start, `END` when it is over. */
  async cursor(run: string): Promise<string> {
    const cursor = await this.#redis.command('HGET', CURSORS, run);
    return typeof cursor === 'string' ? cursor : '0';
  }

  /** Notes how far a walk is and what became of its rows, at once: what is cut off before is done again. */
  async advance(run: string, cursor: string, counts: RewrapCounts): Promise<void> {
    const counted = COUNTS.flatMap((name) => [name, counts[name]]);
    await this.#redis.run(ADVANCE, [STATE, CURSORS], [run, cursor, ...counted]);
  }

  /** Ends a pass; the request is fulfilled when there was nothing left to do in it. */
  async finish(): Promise<RewrapProgress> {
    const progress = await this.read();
    const clean = progress.rewrapped === 0 && progress.raced === 0;
    if (clean) await this.#redis.command('HSET', STATE, 'done', progress.pass);
    await this.#redis.command('DEL', CURSORS);
    return clean ? { ...progress, done: progress.pass } : progress;
  }
}
