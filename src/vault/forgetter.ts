import type { Audit } from '../audit/audit.js';
import type { Clock } from '../clock.js';
import { AppError, codeOf } from '../errors.js';
import type { Logger } from '../log.js';
import type { Metrics } from '../metrics.js';
import type { RedisServers } from '../redis/redis.js';
import type { KeyProvider } from './key-provider.js';
import { ProviderNames } from './provider-names.js';
import { RoundLedger } from './round-ledger.js';
import { keptAt, NAME_ROWS } from './row-keys.js';
import type { Place } from './token-store.js';
import type { StoredCard } from './vault.js';
import { walk } from './walk.js';

/** A payment provider, as far as it keeps cards for us. */
export interface CardKeeper {
  readonly name: string;
  /** Resolves when it is gone, or was. Rejects with AppError `psp_unavailable` when nobody answers. */
  forget(reference: string): Promise<void>;
}

export interface ForgetterOptions {
  redis: RedisServers;
  keys: KeyProvider;
  keeper: CardKeeper;
  audit: Pick<Audit, 'operation'>;
  /** A node's id. */
  worker: string;
  clock: Clock;
  log: Logger;
  metrics: Pick<Metrics, 'cardsToForget'>;
}

const LOOK_MS = 60_000;
/** From the beginning of one round to that of the next: a card whose token just ran out waits no longer. */
const EVERY_MS = 3_600_000;
/** The same while some could not be forgotten. */
const AGAIN_MS = 300_000;
/** Forgotten at once in a round: a provider that comes back is not to be run over. */
const AT_ONCE = 8;
/** Forgotten beside the rounds, and no more: the rest is left to them. */
const MOST_IN_HAND = 100;

/**
 * Has the payment provider forget each card whose token has gone, whatever took that away: at once where a token is
 * destroyed, and by rounds over all names that are kept, until it is done. Each node has one; one at a time goes round,
 * and another takes over where it stopped. To be forgotten twice does no harm.
 */
export class Forgetter {
  readonly #options: ForgetterOptions;
  readonly #names: ProviderNames;
  readonly #ledger: RoundLedger<'left'>;
  readonly #inHand = new Set<Promise<void>>();
  #stopped = true;
  #working: Promise<unknown> = Promise.resolve();
  #cancel: () => void = () => {};
  /** Why one could not be forgotten, the last time. */
  #why: string | null = null;

  constructor(options: ForgetterOptions) {
    this.#options = options;
    this.#names = new ProviderNames(options);
    this.#ledger = new RoundLedger(options.redis, 'vault-forget', ['left']);
  }

  /** Goes round for the first time a minute later: calls come first. */
  start(): void {
    this.#stopped = false;
    this.#soon();
  }

  /** Resolves when what is in hand is done. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await Promise.all([this.#working, ...this.#inHand]);
  }

  /** A token has gone: its card is forgotten as soon as may be, if a provider keeps it. */
  gone(place: Place): void {
    if (this.#inHand.size >= MOST_IN_HAND) return;
    const work = this.#forgetNow(place).finally(() => this.#inHand.delete(work));
    this.#inHand.add(work);
  }

  /** A card that has no token, and shall have none, is forgotten as surely. Never rejects. */
  async forget(merchant: string, stored: StoredCard): Promise<void> {
    const { keeper, log } = this.#options;
    try {
      this.gone(await this.#names.keep(merchant, stored));
    } catch {
      await keeper.forget(stored.reference).catch((error: unknown) => {
        log.warn({ code: codeOf(error) }, 'a card that nobody needs is left with the payment provider');
      });
    }
  }

  #soon(): void {
    if (this.#stopped) return;
    this.#cancel = this.#options.clock.after(LOOK_MS, () => {
      this.#working = this.#look();
    });
  }

  async #look(): Promise<void> {
    const { log, redis } = this.#options;
    try {
      if (redis.ready) await this.#work();
    } catch (error) {
      log.warn({ code: codeOf(error) }, 'forgetting cards was cut off: it goes on by itself');
    }
    this.#soon();
  }

  async #work(): Promise<void> {
    const { clock, metrics } = this.#options;
    const { left } = await this.#ledger.counts();
    if (!(await this.#ledger.isUnderWay())) metrics.cardsToForget.set(left);
    if (await this.#ledger.isDue(clock.now(), left > 0 ? AGAIN_MS : EVERY_MS)) await this.#goRound();
  }

  async #goRound(): Promise<void> {
    const { clock, log, metrics, redis, worker } = this.#options;
    if (!(await this.#ledger.lease(worker))) return;
    await this.#ledger.begin(clock.now());
    const ended = await walk({
      ...{ redis, clock, worker, ledger: this.#ledger, pattern: NAME_ROWS },
      goesOn: () => !this.#stopped,
      visit: async (_, keys) => ({ left: await this.#visit(keys) }),
    });
    if (ended) {
      const { left } = await this.#ledger.end();
      metrics.cardsToForget.set(left);
      if (left > 0) {
        log.warn(
          { count: left, reason: this.#why },
          'cards that nobody needs wait for the payment provider to forget them',
        );
      }
    }
    await this.#ledger.release(worker);
  }

  /** How many are left. Where nobody answers, the others of a step wait for the next round. */
  async #visit(keys: readonly string[]): Promise<number> {
    const gone = await this.#gone(keys);
    let unanswered = 0;
    let left = 0;
    for (let at = 0; at < gone.length; at += AT_ONCE) {
      if (unanswered >= AT_ONCE) return left + gone.length - at;
      const faults = await Promise.all(gone.slice(at, at + AT_ONCE).map((place) => this.#try(place)));
      left += faults.filter((fault) => fault !== null).length;
      const silent = faults.filter((fault) => fault === 'psp_unavailable').length;
      unanswered = faults.includes(null) ? 0 : unanswered + silent;
    }
    return left;
  }

  /** The places, of those that these keys name, whose tokens have gone. */
  async #gone(keys: readonly string[]): Promise<Place[]> {
    const places = keys.flatMap((key) => {
      const kept = keptAt(key);
      return kept?.kind === 'name' ? [kept.place] : [];
    });
    const left = await Promise.all(places.map((place) => this.#names.isLeft(place)));
    return places.filter((_, at) => left[at]);
  }

  async #forgetNow(place: Place): Promise<void> {
    try {
      if ((await this.#try(place)) !== null) await this.#ledger.count('left');
    } catch (error) {
      this.#options.log.debug({ code: codeOf(error) }, 'a card waits to be forgotten');
    }
  }

  /** The code of what is in the way; null when the card is forgotten. Never rejects. */
  async #try(place: Place): Promise<string | null> {
    try {
      await this.#forget(place);
      return null;
    } catch (error) {
      this.#why = codeOf(error);
      return this.#why;
    }
  }

  async #forget(place: Place): Promise<void> {
    const { audit, keeper } = this.#options;
    const stored = await this.#names.left(place);
    if (stored === null) return;
    if (stored.provider !== keeper.name) {
      throw new AppError('no_provider', 'another payment provider keeps the card, and is not set up now');
    }
    const row = `${place.merchant}/row ${place.index.toString('hex').slice(0, 8)}`;
    await audit.operation('token.forget', row, () => keeper.forget(stored.reference));
    await this.#names.drop(place);
  }
}
