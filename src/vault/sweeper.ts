import type { Audit } from '../audit/audit.js';
import type { Clock } from '../clock.js';
import { AppError, codeOf } from '../errors.js';
import type { Logger } from '../log.js';
import type { Metrics } from '../metrics.js';
import type { RedisServers } from '../redis/redis.js';
import { CardSealer } from './card-sealer.js';
import type { KeyProvider } from './key-provider.js';
import { RoundLedger } from './round-ledger.js';
import { KEPT } from './row-keys.js';
import type { TokenStore } from './token-store.js';
import { FAULT_NAMES, KINDS, seen, seenText, VaultInspector, type Findings } from './vault-inspector.js';
import { walk } from './walk.js';

export interface SweeperOptions {
  redis: RedisServers;
  store: TokenStore;
  keys: KeyProvider;
  audit: Audit;
  /** Who sweeps: a node's id. */
  worker: string;
  /** Hours from the beginning of one sweep to that of the next. */
  everyHours: number;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
}

const LOOK_MS = 60_000;
const HOUR_MS = 3_600_000;

/**
 * Proves now and then that nothing in the vault outlives its date: walks over all that is kept, mends what is not as it
 * should be, and says what it found. Each node has one; one at a time works, and another takes over where it stopped.
 */
export class Sweeper {
  readonly #options: SweeperOptions;
  readonly #ledger: RoundLedger<keyof Findings>;
  readonly #inspector: VaultInspector;
  #stopped = true;
  #working: Promise<unknown> = Promise.resolve();
  #cancel: () => void = () => {};

  constructor(options: SweeperOptions) {
    this.#options = options;
    this.#ledger = new RoundLedger(options.redis, 'vault-sweep', [...KINDS, ...FAULT_NAMES]);
    this.#inspector = new VaultInspector({ ...options, sealer: new CardSealer(options.keys) });
  }

  /** Looks for the first time a minute later: calls come first. */
  start(): void {
    this.#stopped = false;
    this.#soon(LOOK_MS);
  }

  /** Resolves when the keys in hand are done. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#working;
  }

  /**
   * One sweep now, or the rest of one that was cut off. `told` hears what was found so far. Rejects with AppError
   * `bad_request` while another is at it, `redis_unavailable` or `vault_unavailable` when it was cut off.
   */
  async sweep(told: (findings: Findings) => void = () => {}): Promise<Findings> {
    this.#stopped = false;
    const findings = await this.#sweep(told);
    if (findings === null) throw new AppError('bad_request', 'another sweep is under way: see its log');
    return findings;
  }

  #soon(ms: number): void {
    if (this.#stopped) return;
    this.#cancel = this.#options.clock.after(ms, () => {
      this.#working = this.#look();
    });
  }

  async #look(): Promise<void> {
    const { clock, everyHours, log, redis } = this.#options;
    try {
      if (redis.ready && (await this.#ledger.isDue(clock.now(), everyHours * HOUR_MS)))
        await this.#sweep(() => {});
    } catch (error) {
      log.warn({ code: codeOf(error) }, 'a sweep was cut off: it goes on by itself');
    }
    this.#soon(LOOK_MS);
  }

  /** Null when it is another's, or was stopped. */
  async #sweep(told: (findings: Findings) => void): Promise<Findings | null> {
    const { clock, redis, worker } = this.#options;
    if (!(await this.#ledger.lease(worker))) return null;
    await this.#ledger.begin(clock.now());
    const ended = await walk({
      ...{ redis, clock, worker, ledger: this.#ledger, pattern: KEPT },
      goesOn: () => !this.#stopped,
      visit: async (server, keys) => {
        const findings = await this.#inspector.inspect(server, keys);
        this.#count(findings);
        told(findings);
        return findings;
      },
    });
    const findings = ended ? await this.#ledger.end() : null;
    await this.#ledger.release(worker);
    if (findings !== null) this.#report(findings);
    return findings;
  }

  #count(findings: Findings): void {
    for (const fault of FAULT_NAMES) this.#options.metrics.sweepFaults.inc({ fault }, findings[fault]);
  }

  #report(findings: Findings): void {
    const { audit, clock, log, metrics } = this.#options;
    const faults = FAULT_NAMES.filter((fault) => findings[fault] > 0);
    for (const fault of faults) {
      log.error(
        { status: fault, count: findings[fault] },
        'a sweep found in the vault what should not be there',
      );
    }
    const found = faults.map((fault) => `, ${findings[fault]} ${fault}`).join('') || ', no fault';
    audit.fact('vault.sweep', seenText(findings) + found);
    metrics.sweptAt.set(clock.now() / 1000);
    log.info({ count: seen(findings) }, 'the vault was swept');
  }
}
