import type { Audit } from '../audit/audit.js';
import type { Clock } from '../clock.js';
import type { Limits as LimitSettings } from '../config.js';
import { AppError, codeOf } from '../errors.js';
import type { Logger } from '../log.js';
import type { Metrics } from '../metrics.js';
import { RateLimiter, type Place } from '../redis/rate-limiter.js';
import type { Redis } from '../redis/redis.js';
import type { KeyProvider } from '../vault/key-provider.js';
import { isWithheld, LIMITS, WITHHELD_SHARE, type Counted, type LimitName, type Subject } from './limit.js';

export interface LimitsOptions {
  settings: LimitSettings;
  redis: Pick<Redis, 'command' | 'run'>;
  keys: Pick<KeyProvider, 'mac'>;
  audit: Pick<Audit, 'fact'>;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
}

/** One count of one subject. */
interface LimitPlace extends Place {
  name: LimitName;
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
  readonly #limiter: RateLimiter;

  constructor(options: LimitsOptions) {
    this.#options = options;
    this.#limiter = new RateLimiter(options.redis, options.clock);
  }

  /** A capture is about to be armed. Nobody is asked for a card that would be refused. */
  async arming(subject: Subject): Promise<void> {
    await this.linking(subject);
    await this.#take('captures', subject);
  }

  /** A payment link is about to be sent. */
  async linking(subject: Subject): Promise<void> {
    for (const place of await this.#places('declines', subject)) {
      const wait = await this.#limiter.wait(place);
      if (wait > 0) throw this.#reached(place, wait);
    }
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
    const giveBack = await this.#take('declines', subject);
    let counts = false;
    try {
      await this.#take('cards', subject);
      const answer = await ask();
      counts = isDecline(refusal(answer));
      return answer;
    } finally {
      if (!counts) await giveBack();
    }
  }

  /** A payer was refused with this code where nobody here asked a bank: on a payment page. */
  async declined(subject: Subject, code: string): Promise<void> {
    if (!isDecline(code)) return;
    const places = await this.#places('declines', subject);
    await Promise.all(places.map((place) => this.#limiter.add(place)));
  }

  /** Counts one more everywhere, or nowhere. Gives what takes it back. */
  async #take(counted: Counted, subject: Subject): Promise<() => Promise<void>> {
    const taken = await this.#limiter.take(await this.#places(counted, subject));
    if (taken.full !== null) throw this.#reached(taken.full, taken.wait);
    return () => this.#giveBack(taken.giveBack);
  }

  /** What can't be taken back is on the safe side, and goes with its window. */
  async #giveBack(taken: () => Promise<void>): Promise<void> {
    try {
      await taken();
    } catch (error) {
      this.#options.log.debug({ code: codeOf(error) }, 'what was counted could not be taken back');
    }
  }

  async #places(counted: Counted, subject: Subject): Promise<LimitPlace[]> {
    const { settings, keys } = this.#options;
    const places: LimitPlace[] = [];
    for (const [name, { counts, per }] of Object.entries(LIMITS) as [
      LimitName,
      (typeof LIMITS)[LimitName],
    ][]) {
      const limit = settings[name];
      const who = subject[per];
      if (counts !== counted || limit === null || who === null) continue;
      const shared = typeof who === 'object' && isWithheld(who.number);
      const one = typeof who === 'object' ? (shared ? `withheld ${who.called}` : who.number) : who;
      const mac = await keys.mac('limit', subject.merchant, Buffer.from(`${name} ${one}`));
      const most = limit.most * (shared ? WITHHELD_SHARE : 1);
      places.push({ name, key: mac.toString('base64url', 0, 16), most, seconds: limit.seconds });
    }
    return places;
  }

  #reached({ name, most, seconds }: LimitPlace, wait: number): AppError {
    const { audit, log, metrics } = this.#options;
    metrics.limitsReached.inc({ limit: name });
    log.warn({ reason: name, count: most }, 'too many cards are being tried: one was not taken');
    audit.fact('limit.reached', name, 'refused');
    const retryAfter = Math.ceil(wait / 1_000);
    const message = `${LIMITS[name].why}: ${most} within ${spanText(seconds)}; try again in ${spanText(retryAfter)}`;
    return new AppError('limit_reached', message, { retryAfter });
  }
}

function isDecline(code: string | null): boolean {
  return code !== null && !TELLS_NOTHING.has(code);
}

function spanText(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${Math.ceil(seconds / 60)} min` : `${Math.ceil(seconds / 3_600)} h`;
}
