import type { Language } from '../capture/flow.js';
import type { AdviceView } from '../capture/view.js';
import type { Clock } from '../clock.js';
import { codeOf } from '../errors.js';
import type { Logger } from '../log.js';
import type { Money } from '../psp/psp.js';
import { KEY_PREFIX } from '../redis/keys.js';
import type { Redis, Script } from '../redis/redis.js';
import type { Secret } from '../secret.js';
import type { KeyProvider } from '../vault/key-provider.js';
import { adviceOf } from './advice.js';

/** Minor units by currency, above which banks refuse what a card pays one merchant by telephone within 24 hours. */
export type MotoSumLimits = Readonly<Record<string, number>>;

export interface MotoSumsOptions {
  limits: MotoSumLimits;
  redis: Redis;
  keys: Pick<KeyProvider, 'mac'>;
  clock: Clock;
  log: Logger;
}

/** Money that a card has paid, or got back, by telephone. */
export interface MotoMovement {
  /** The charge, or the refund: the same one told again counts once. */
  id: string;
  /** When the charge was made, of a refund too: they leave the sum together. Milliseconds since the epoch. */
  at: number;
  money: Money;
}

/** As long as French banks add up. */
const WINDOW_MS = 24 * 3_600_000;
/** Of one card with one merchant in a day: far more than anybody pays. */
const MOST_KEPT = 500;
/** The place of the bank's own refusal among the movements. */
const REFUSED = 'refused';

/**
 * KEYS: what is known of a card, a set by time. ARGV: a time (ms) and what happened then, the time before which all is
 * forgotten, how much is kept at most, for how long (ms).
 */
const NOTE: Script = {
  name: 'moto-sum-note',
  lua: `
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 1`,
};

/**
 * Foresees what banks refuse by telephone alone. In France they add up what a card pays one merchant without strong
 * authentication, and refuse with 81-A1 above a sum (plan of the Observatoire de la sécurité des moyens de paiement,
 * since 10 June 2024). Its figures go down step by step and differ between banks, so they are settings, and there is none
 * by default; a bank that has said 81-A1 is believed for a day. It is foresight: where it can't be had, nothing
 * waits for it, and no method rejects.
 */
export class MotoSums {
  readonly #options: MotoSumsOptions;

  constructor(options: MotoSumsOptions) {
    this.#options = options;
  }

  /** The name of a card in these sums: a MAC of its number under a key of the merchant. */
  async nameOf(merchant: string, number: Secret): Promise<string> {
    return (await this.#options.keys.mac('limit', merchant, number.reveal())).toString('base64url', 0, 16);
  }

  /** What the agent is to know before this is charged; `card` null while nothing of it is known. */
  async advice(card: string | null, money: Money, language: Language): Promise<AdviceView | null> {
    const known = card === null ? [] : await this.#known(card);
    const limit = this.#options.limits[money.currency];
    const sum = known.reduce((total, each) => total + amountIn(each, money.currency), money.amount);
    const likely = known.includes(REFUSED) || (limit !== undefined && sum > limit);
    return likely ? adviceOf('likely_refused_by_phone', language) : null;
  }

  async moved(card: string, { id, at, money }: MotoMovement): Promise<void> {
    await this.#note(card, at, `${id} ${money.amount} ${money.currency}`);
  }

  /** The card's bank wants its customer to authenticate. */
  async refused(card: string): Promise<void> {
    await this.#note(card, this.#options.clock.now(), REFUSED);
  }

  async #note(card: string, at: number, what: string): Promise<void> {
    const { redis, clock } = this.#options;
    const args = [at, what, clock.now() - WINDOW_MS, MOST_KEPT, WINDOW_MS];
    await this.#tried(redis.run(NOTE, [keyOf(card)], args));
  }

  async #known(card: string): Promise<string[]> {
    const { redis, clock } = this.#options;
    const since = `(${clock.now() - WINDOW_MS}`;
    const reply = await this.#tried(redis.command('ZRANGEBYSCORE', keyOf(card), since, '+inf'));
    return Array.isArray(reply) ? reply.map(String) : [];
  }

  async #tried<T>(work: Promise<T>): Promise<T | null> {
    try {
      return await work;
    } catch (error) {
      this.#options.log.debug({ code: codeOf(error) }, 'the running sums of a card could not be had');
      return null;
    }
  }
}

function amountIn(movement: string, currency: string): number {
  const [, amount, of] = movement.split(' ');
  return of === currency ? Number(amount) : 0;
}

function keyOf(card: string): string {
  return `${KEY_PREFIX}m:${card}`;
}
