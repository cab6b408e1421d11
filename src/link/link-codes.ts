import { createHash } from 'node:crypto';
import type { Clock } from '../clock.js';
import { KEY_PREFIX } from '../redis/keys.js';
import { RateLimiter, type Place } from '../redis/rate-limiter.js';
import type { Redis } from '../redis/redis.js';
import { typedCode } from './link-code.js';

/** Whose link a code names. */
export interface LinkPlace {
  merchant: string;
  captureId: string;
}

const WINDOW_SECONDS = 600;
/** Who reads from a note may read wrong a few times; who needs more asks the agent. */
export const GUESSES_PER_ADDRESS = 10;
/** Of everybody together: with a thousand links always open, chance finds one of them once in twenty years. */
export const GUESSES_IN_ALL = 1_000;

/** The codes of links, and those who guess. Methods reject with AppError `redis_unavailable`. */
export class LinkCodes {
  readonly #redis: Redis;
  readonly #guesses: RateLimiter;

  constructor(redis: Redis, clock: Clock) {
    this.#redis = redis;
    this.#guesses = new RateLimiter(redis, clock);
  }

  /** False when the code names another link already: take another. */
  async keep(code: string, { merchant, captureId }: LinkPlace, ttlMs: number): Promise<boolean> {
    const place = `${captureId} ${merchant}`;
    return (await this.#redis.command('SET', codeKey(code), place, 'PX', ttlMs, 'NX')) === 'OK';
  }

  /**
   * Null for what names no link, which counts as a guess; from too many of them on, nobody is looked up. It counts before
   * it is looked up and is taken back when it was right, so that nobody guesses more by guessing all at once.
   */
  async find(typed: string, address: string): Promise<LinkPlace | 'too_many' | null> {
    const guess = await this.#guesses.take([
      guessesOf(createHash('sha256').update(address).digest('base64url'), GUESSES_PER_ADDRESS),
      guessesOf('all', GUESSES_IN_ALL),
    ]);
    if (guess.full !== null) return 'too_many';
    const code = typedCode(typed);
    const place = code === null ? null : await this.#redis.command('GET', codeKey(code));
    if (typeof place !== 'string') return null;
    await guess.giveBack();
    const space = place.indexOf(' ');
    return { captureId: place.slice(0, space), merchant: place.slice(space + 1) };
  }
}

function codeKey(code: string): string {
  return `${KEY_PREFIX}l:code:${code}`;
}

function guessesOf(whom: string, most: number): Place {
  return { key: `guesses:${whom}`, most, seconds: WINDOW_SECONDS };
}
