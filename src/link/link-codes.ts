import { createHash } from 'node:crypto';
import type { Clock } from '../clock.js';
import { Window } from '../fraud/window.js';
import { newId } from '../id.js';
import { KEY_PREFIX } from '../redis/keys.js';
import type { Redis } from '../redis/redis.js';
import { typedCode } from './link-code.js';

/** Whose link a code names. */
export interface LinkPlace {
  merchant: string;
  captureId: string;
}

const WINDOW_MS = 10 * 60_000;
/** Who reads from a note may read wrong a few times; who needs more asks the agent. */
export const GUESSES_PER_ADDRESS = 10;
/** Of everybody together: with a thousand links always open, chance finds one of them once in twenty years. */
export const GUESSES_IN_ALL = 1_000;

/** The codes of links, and those who guess. Methods reject with AppError `redis_unavailable`. */
export class LinkCodes {
  readonly #redis: Redis;
  readonly #clock: Clock;
  readonly #guesses: Window;

  constructor(redis: Redis, clock: Clock) {
    this.#redis = redis;
    this.#clock = clock;
    this.#guesses = new Window(redis);
  }

  /** False when the code names another link already: take another. */
  async keep(code: string, { merchant, captureId }: LinkPlace, ttlMs: number): Promise<boolean> {
    const place = `${captureId} ${merchant}`;
    return (await this.#redis.command('SET', codeKey(code), place, 'PX', ttlMs, 'NX')) === 'OK';
  }

  /** Null for what names no link, which counts as a guess; from too many of them on, nobody is looked up. */
  async find(typed: string, address: string): Promise<LinkPlace | 'too_many' | null> {
    const now = this.#clock.now();
    const budgets = [
      { key: guessKey(createHash('sha256').update(address).digest('base64url')), most: GUESSES_PER_ADDRESS },
      { key: guessKey('all'), most: GUESSES_IN_ALL },
    ];
    const waits = budgets.map(({ key, most }) => this.#guesses.wait(key, now, WINDOW_MS, most));
    if ((await Promise.all(waits)).some((wait) => wait > 0)) return 'too_many';
    const code = typedCode(typed);
    const place = code === null ? null : await this.#redis.command('GET', codeKey(code));
    if (typeof place === 'string') {
      const space = place.indexOf(' ');
      return { captureId: place.slice(0, space), merchant: place.slice(space + 1) };
    }
    const guess = newId('');
    await Promise.all(budgets.map(({ key, most }) => this.#guesses.take(key, now, WINDOW_MS, most, guess)));
    return null;
  }
}

function codeKey(code: string): string {
  return `${KEY_PREFIX}l:code:${code}`;
}

function guessKey(whose: string): string {
  return `${KEY_PREFIX}l:guesses:${whose}`;
}
