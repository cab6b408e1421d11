import type { Audit } from '../audit/audit.js';
import type { Clock } from '../clock.js';
import { codeOf } from '../errors.js';
import type { Logger } from '../log.js';
import type { Metrics } from '../metrics.js';
import type { RedisServers } from '../redis/redis.js';
import type { KeyProvider } from './key-provider.js';
import { RewrapLedger, type RewrapCounts, type RewrapProgress } from './rewrap-ledger.js';
import { rewrapRows, type RowOutcome } from './rewrap-rows.js';
import { SEALED_ROWS } from './row-keys.js';
import { sayVersion } from './sealed-rows.js';
import { walk } from './walk.js';

export interface RewrapperOptions {
  redis: RedisServers;
  keys: KeyProvider;
  /** This node's id. */
  node: string;
  clock: Clock;
  audit: Pick<Audit, 'fact'>;
  log: Logger;
  metrics: Metrics;
}

const LOOK_MS = 2_000;

/**
 * Brings every row under the version that seals now: wraps its data key anew and opens no card. Each node has one;
 * one at a time works, beside the calls, and another takes over where it was stopped. Two that work at once do no
 * harm: a row is changed only from what was read.
 */
export class Rewrapper {
  readonly #options: RewrapperOptions;
  readonly #ledger: RewrapLedger;
  #stopped = true;
  #working: Promise<void> = Promise.resolve();
  #cancel: () => void = () => {};
  #unwatch: () => void = () => {};
  /** The version that this node has asked for; null before it looked. */
  #asked: string | null = null;

  constructor(options: RewrapperOptions) {
    this.#options = options;
    this.#ledger = new RewrapLedger(options.redis);
  }

  start(): void {
    this.#stopped = false;
    this.#unwatch = this.#options.keys.watch(() => this.#soon(0));
    this.#soon(0);
  }

  /** Resolves when the rows in hand are done. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    this.#unwatch();
    await this.#working;
  }

  #soon(ms: number): void {
    this.#cancel();
    if (this.#stopped) return;
    this.#cancel = this.#options.clock.after(ms, () => {
      this.#working = this.#working.then(() => this.#look());
    });
  }

  async #look(): Promise<void> {
    let more = false;
    try {
      if (this.#options.redis.ready && !this.#stopped) more = await this.#work();
    } catch (error) {
      this.#options.log.warn({ code: codeOf(error) }, 'rewrapping was cut off: it goes on by itself');
    }
    this.#soon(more ? 0 : LOOK_MS);
  }

  /** Whether there is more to do at once. */
  async #work(): Promise<boolean> {
    const { audit, keys, node, redis } = this.#options;
    await sayVersion(redis, node, keys.active);
    await this.#ask();
    const { target, round, done } = await this.#ledger.read();
    if (target !== keys.active || round <= done || !(await this.#ledger.lease(node))) return false;
    audit.fact('key.rewrap', `to ${target}: begun`);
    await this.#ledger.begin();
    const ended = await this.#pass(target);
    await this.#ledger.release(node);
    if (!ended) return false;
    const progress = await this.#ledger.finish();
    this.#report(target, progress);
    return progress.done < progress.round;
  }

  /** Asks for a round when this node has begun to seal with a version that is newer than the last round's. */
  async #ask(): Promise<void> {
    const { active, versions } = this.#options.keys;
    if (this.#asked === active) return;
    const { target } = await this.#ledger.read();
    const age = (version: string) => versions.findIndex(({ id }) => id === version);
    const older = versions.slice(0, age(active)).some(({ state }) => state === 'decrypt-only');
    const behind = target !== null && (age(target) < 0 || age(target) > age(active));
    // Who switched while others had done so already may have sealed behind their backs.
    const late = target === active && this.#asked !== null;
    if (!behind && older && (target !== active || late)) await this.#ledger.request(active);
    if (!behind) this.#asked = active;
  }

  /** Walks all servers; false when it was stopped before its end. */
  #pass(target: string): Promise<boolean> {
    const { clock, keys, node, redis } = this.#options;
    return walk({
      ...{ redis, clock, worker: node, ledger: this.#ledger, pattern: SEALED_ROWS },
      goesOn: () => !this.#stopped && keys.active === target,
      visit: async (_, rows) => this.#count(await rewrapRows(redis, keys, rows)),
    });
  }

  #count(outcomes: readonly RowOutcome[]): Record<keyof RewrapCounts, number> {
    const counts = { scanned: outcomes.length, rewrapped: 0, raced: 0, failed: 0 };
    for (const outcome of outcomes) {
      if (outcome === 'kept') continue;
      counts[outcome]++;
      this.#options.metrics.rewraps.inc({ outcome });
    }
    return counts;
  }

  #report(version: string, { round, done, scanned, rewrapped, failed }: RewrapProgress): void {
    const { audit, log } = this.#options;
    const counts = `${scanned} cards seen, ${rewrapped} rewrapped, ${failed} failed`;
    audit.fact('key.rewrap', `to ${version}: ${counts}`);
    if (failed > 0)
      log.error({ version, count: failed }, 'cards can not be rewrapped: their keys do not open');
    if (done === round) log.info({ version, count: scanned }, 'every card was rewrapped');
    else log.info({ version, count: rewrapped }, 'cards were rewrapped: looking again for more');
  }
}
