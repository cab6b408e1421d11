import type { Clock } from '../clock.js';
import { AppError } from '../errors.js';
import type { Connection } from './connection.js';
import type { RedisReply } from './redis.js';

/** A script that Redis does not know: it is sent whole, then. */
export class UnknownScript extends Error {}

/** Refusals that pass: Redis is loading, failing over, out of space. All others are bugs or settings of ours. */
const PASSING = new Set([
  'BUSY',
  'CLUSTERDOWN',
  'LOADING',
  'MASTERDOWN',
  'MISCONF',
  'MOVED',
  'NOREPLICAS',
  'OOM',
  'READONLY',
  'TRYAGAIN',
  'UNBLOCKED',
]);

/** Refusals by a server that is no longer the primary: another one must be looked for. */
const DEMOTED = new Set(['MOVED', 'READONLY', 'UNBLOCKED']);

/**
 * One connection whose every command settles within a time, whatever ioredis does, and fails with errors of ours
 * alone: ioredis's carry the command and its arguments.
 */
export class Lane {
  readonly connection: Connection;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #onDoubt: () => void;
  readonly #inFlight = new Set<() => void>();

  /** `onDoubt` is told when the connection is of no more use: its server is silent, or no longer the primary. */
  constructor(connection: Connection, clock: Clock, timeoutMs: number, onDoubt: () => void) {
    this.connection = connection;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#onDoubt = onDoubt;
    // ioredis leaves commands of a lost connection pending: their outcome is unknown, and that is their answer.
    for (const event of ['close', 'end']) connection.on(event, () => this.#lose());
    connection.on('error', () => {});
  }

  send<T = RedisReply>(name: string, work: (connection: Connection) => Promise<unknown>): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (outcome: () => void): void => {
        cancel();
        this.#inFlight.delete(lost);
        outcome();
      };
      const lost = (): void => settle(() => reject(unavailable()));
      const cancel = this.#clock.after(this.#timeoutMs, () => {
        this.#onDoubt();
        lost();
      });
      this.#inFlight.add(lost);
      work(this.connection).then(
        (reply) => settle(() => resolve(reply as T)),
        (error: unknown) => settle(() => reject(this.#translated(name, error))),
      );
    });
  }

  #lose(): void {
    for (const lost of this.#inFlight) lost();
  }

  #translated(name: string, error: unknown): Error {
    const { name: kind, message } = error as { name?: unknown; message?: unknown };
    if (kind !== 'ReplyError' || typeof message !== 'string') return unavailable();
    // The first word of a refusal is its code; the rest may quote arguments.
    const code = /^[A-Z]+/.exec(message)?.[0] ?? 'ERR';
    if (code === 'NOSCRIPT') return new UnknownScript();
    if (DEMOTED.has(code)) this.#onDoubt();
    return PASSING.has(code) ? unavailable() : new AppError('internal', `Redis refused ${name}: ${code}`);
  }
}

function unavailable(): AppError {
  return new AppError('redis_unavailable', 'Redis does not answer; try again', { retryAfter: 1 });
}
