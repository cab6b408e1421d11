import type { Audit } from '../audit/audit.js';
import type { Clock } from '../clock.js';
import type { Limits as LimitSettings } from '../config.js';
import { AppError, codeOf } from '../errors.js';
import { newId } from '../id.js';
import type { Logger } from '../log.js';
import type { Metrics } from '../metrics.js';
import { KEY_PREFIX } from '../redis/keys.js';
import type { Redis } from '../redis/redis.js';
import type { KeyProvider } from '../vault/key-provider.js';
import { isWithheld, LIMITS, WITHHELD_SHARE, type Counted, type LimitName, type Subject } from './limit.js';
import { Window } from './window.js';

export interface LimitsOptions {
  settings: LimitSettings;
  redis: Redis;
  keys: Pick<KeyProvider, 'mac'>;
  audit: Pick<Audit, 'fact'>;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
}

/** One count of one subject. */
interface Place {
  name: LimitName;
  key: string;
  most: number;
  windowMs: number;
}

/** Refusals that say nothing of whether a card is good: the provider's trouble, and the wish for another way. */
const TELLS_NOTHING: ReadonlySet<string> = new Set(['processing_error', 'authentication_required']);

/**
 * Stops those who try cards out: by one telephone, with the numbers of one issuer, through one merchant, with one API
 * key. Numbers of callers and of cards lie in Redis only as MACs. What these limits guard needs the same Redis, so without
 * it they let nothing through: every method rejects with AppError `redis_unavailable` then, and with `limit_reached`,
 * which says which limit and when it passes.
 */
export class Limits {
  readonly #options: LimitsOptions;
  readonly #window: Window;

  constructor(options: LimitsOptions) {
    this.#options = options;
    this.#window = new Window(options.redis);
  }

  /** A capture is about to be armed. Nobody is asked for a card that would be refused. */
  async arming(subject: Subject): Promise<void> {
    await this.#insistOnRoom(await this.#places('declines', subject));
    await this.#take('captures', subject);
  }

  /** A token is about to be charged. */
  async charging(subject: Subject): Promise<void> {
    await this.#take('charges', subject);
  }

  /**
   * Asks a bank about a card by `ask`, unless too many were tried. While it asks, the card counts as declined, so that
   * no more are tried at once than may be declined; unless `refusal` finds in the answer that it was, it is taken back.
   */
  async asking<T>(
    subject: Subject,
    ask: () => Promise<T>,
    refusal: (answer: T) => string | null,
  ): Promise<T> {
    await this.#take('cards', subject);
    const giveBack = await this.#take('declines', subject);
    let counts = false;
    try {
      const answer = await ask();
      const code = refusal(answer);
      counts = code !== null && !TELLS_NOTHING.has(code);
      return answer;
    } finally {
      if (!counts) await giveBack();
    }
  }

  /** Counts one more everywhere, or nowhere. Gives what takes it back. */
  async #take(counted: Counted, subject: Subject): Promise<() => Promise<void>> {
    const id = newId('');
    const taken: Place[] = [];
    const giveBack = () => this.#giveBack(taken, id);
    for (const place of await this.#places(counted, subject)) {
      const now = this.#options.clock.now();
      const wait = await this.#window.take(place.key, now, place.windowMs, place.most, id);
      if (wait > 0) {
        await giveBack();
        throw this.#reached(place, wait);
      }
      taken.push(place);
    }
    return giveBack;
  }

  async #insistOnRoom(places: readonly Place[]): Promise<void> {
    for (const place of places) {
      const wait = await this.#window.wait(place.key, this.#options.clock.now(), place.windowMs, place.most);
      if (wait > 0) throw this.#reached(place, wait);
    }
  }

  /** What can't be taken back is on the safe side, and goes with its window. */
  async #giveBack(taken: readonly Place[], id: string): Promise<void> {
    const { log } = this.#options;
    try {
      await Promise.all(taken.map(({ key }) => this.#window.giveBack(key, id)));
    } catch (error) {
      log.debug({ code: codeOf(error) }, 'what was counted could not be taken back');
    }
  }

  async #places(counted: Counted, subject: Subject): Promise<Place[]> {
    const { settings } = this.#options;
    const places: Place[] = [];
    for (const [name, { counts, per }] of Object.entries(LIMITS) as [
      LimitName,
      (typeof LIMITS)[LimitName],
    ][]) {
      const limit = settings[name];
      const who = subject[per];
      if (counts !== counted || limit === null || who === null) continue;
      const shared = typeof who === 'object' && isWithheld(who.number);
      const one = typeof who === 'object' ? (shared ? `withheld ${who.called}` : who.number) : who;
      const mac = await this.#options.keys.mac('limit', subject.merchant, Buffer.from(`${name} ${one}`));
      places.push({
        name,
        key: `${KEY_PREFIX}l:${mac.toString('base64url', 0, 16)}`,
        most: limit.most * (shared ? WITHHELD_SHARE : 1),
        windowMs: limit.seconds * 1_000,
      });
    }
    return places;
  }

  #reached({ name, most, windowMs }: Place, wait: number): AppError {
    const { audit, log, metrics } = this.#options;
    metrics.limitsReached.inc({ limit: name });
    log.warn({ reason: name, count: most }, 'too many cards are being tried: one was not taken');
    audit.fact('limit.reached', name, 'refused');
    const seconds = Math.ceil(wait / 1_000);
    const message = `${LIMITS[name].why}: ${most} within ${spanText(windowMs / 1_000)}; try again in ${spanText(seconds)}`;
    return new AppError('limit_reached', message, { retryAfter: seconds });
  }
}

function spanText(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${Math.ceil(seconds / 60)} min` : `${Math.ceil(seconds / 3_600)} h`;
}
