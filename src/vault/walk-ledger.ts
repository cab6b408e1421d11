import { KEY_PREFIX } from '../redis/keys.js';
import type { Redis } from '../redis/redis.js';
import { ADVANCE, BEGIN, LEASE, RELEASE } from './walk-scripts.js';

/** A server's walk is over. */
export const END = 'end';

/** A worker that died holds the others up for so long. */
const LEASE_MS = 10_000;

/**
 * How far a walk over all keys is, in Redis, so that any worker goes on where another was stopped. Cursors are noted by
 * the run of the server that gave them: another run has another order, and is walked from its start.
 */
export class WalkLedger {
  /** A hash that counts what was found, and holds whatever else the walk is for. */
  readonly state: string;
  readonly #cursors: string;
  readonly #lease: string;
  readonly #redis: Redis;

  constructor(redis: Redis, name: string) {
    this.#redis = redis;
    const family = `${KEY_PREFIX}{${name}}`;
    [this.state, this.#cursors, this.#lease] = [`${family}:state`, `${family}:cursors`, `${family}:lease`];
  }

  /** Takes or prolongs the right to work; false while another has it. */
  async lease(worker: string): Promise<boolean> {
    return (await this.#redis.run(LEASE, [this.#lease], [worker, LEASE_MS])) === 1;
  }

  async release(worker: string): Promise<void> {
    await this.#redis.run(RELEASE, [this.#lease], [worker]);
  }

  /** Whether a walk was begun and has not come to its end. */
  async isUnderWay(): Promise<boolean> {
    return (await this.#redis.command('EXISTS', this.#cursors)) === 1;
  }

  /** Begins a walk, and sets the state. From now on it is under way: one that is cut off before its first step, too. */
  async beginWalk(state: Readonly<Record<string, number>>): Promise<void> {
    await this.#redis.run(BEGIN, [this.state, this.#cursors], Object.entries(state).flat());
  }

  /** Where the walk over a server goes on: `0` at its start, `END` when it is over. */
  async cursor(run: string): Promise<string> {
    const cursor = await this.#redis.command('HGET', this.#cursors, run);
    return typeof cursor === 'string' ? cursor : '0';
  }

  /** Notes how far a walk is and what was counted, at once: what is cut off before is done again. */
  async advance(run: string, cursor: string, counts: Readonly<Record<string, number>>): Promise<void> {
    const counted = Object.entries(counts).flat();
    await this.#redis.run(ADVANCE, [this.state, this.#cursors], [run, cursor, ...counted]);
  }

  /** The next walk begins anew. */
  async endWalk(): Promise<void> {
    await this.#redis.command('DEL', this.#cursors);
  }
}
