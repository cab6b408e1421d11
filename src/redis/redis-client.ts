import { createHash } from 'node:crypto';
import { Cluster } from 'ioredis';
import type { Clock } from '../clock.js';
import { AppError } from '../errors.js';
import type { Logger } from '../log.js';
import type { Metrics } from '../metrics.js';
import { connect, type Connection } from './connection.js';
import type { RedisAddress } from './redis-address.js';
import type { RedisArgument, RedisNode, RedisReply, RedisServers, Script } from './redis.js';

export interface RedisClientOptions {
  address: RedisAddress;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  /** How long a command may take, fsync included. Later its outcome is unknown. */
  commandTimeoutMs?: number;
}

const COMMAND_TIMEOUT_MS = 2_000;
const HEARTBEAT_MS = 1_000;

/** Refusals that pass: Redis is loading, failing over, out of space. All others are bugs or settings of ours. */
const PASSING = new Set([
  'BUSY',
  'CLUSTERDOWN',
  'LOADING',
  'MASTERDOWN',
  'MISCONF',
  'NOREPLICAS',
  'OOM',
  'READONLY',
  'TRYAGAIN',
]);

/** The one client of Redis. It fails fast while Redis is away and comes back by itself. */
export class RedisClient implements RedisServers {
  readonly #connection: Connection;
  readonly #options: RedisClientOptions;
  readonly #timeoutMs: number;
  readonly #listeners = new Set<(ready: boolean) => void>();
  readonly #inFlight = new Set<() => void>();
  readonly #shas = new Map<string, string>();
  #ready = false;
  #closed = false;
  #cancelHeartbeat: () => void = () => {};

  constructor(options: RedisClientOptions) {
    this.#options = options;
    this.#timeoutMs = options.commandTimeoutMs ?? COMMAND_TIMEOUT_MS;
    this.#connection = connect(options.address, {
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      // Also holds for ioredis's own greeting: a stopped Redis accepts connections and says nothing.
      commandTimeout: this.#timeoutMs,
    });
    // ioredis's errors carry the command and its arguments: none gets further than here.
    this.#connection.on('error', () => this.#become(false));
    this.#connection.on('close', () => this.#lose());
    this.#connection.on('end', () => this.#lose());
    this.#connection.on('ready', () => this.#become(true));
    this.#beat();
  }

  get ready(): boolean {
    return this.#ready;
  }

  watch(listener: (ready: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  command(name: string, ...args: readonly RedisArgument[]): Promise<RedisReply> {
    return this.#bounded(name, () => this.#connection.call(name, ...args));
  }

  commandBuffer(name: string, ...args: readonly RedisArgument[]): Promise<RedisReply> {
    return this.#bounded(name, () => this.#connection.callBuffer(name, ...args));
  }

  async run(script: Script, keys: readonly string[], args: readonly RedisArgument[]): Promise<RedisReply> {
    const rest = [keys.length, ...keys, ...args];
    try {
      return await this.#bounded(script.name, () =>
        this.#connection.call('EVALSHA', this.#sha(script), ...rest),
      );
    } catch (error) {
      if (!(error instanceof UnknownScript)) throw error;
    }
    return this.#bounded(script.name, () => this.#connection.call('EVAL', script.lua, ...rest));
  }

  masters(): readonly RedisNode[] {
    const connection = this.#connection;
    const nodes = connection instanceof Cluster ? connection.nodes('master') : [connection];
    return nodes.map((node) => ({
      command: (name, ...args) => this.#bounded(name, () => node.call(name, ...args)),
    }));
  }

  /** The same command to each master: one reply a node. */
  async everyNode(name: string, ...args: readonly RedisArgument[]): Promise<RedisReply[]> {
    return Promise.all(this.masters().map((node) => node.command(name, ...args)));
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#cancelHeartbeat();
    this.#connection.disconnect();
    this.#become(false);
    this.#listeners.clear();
    return Promise.resolve();
  }

  /** Settles within the time-out whatever ioredis does, and lets only errors of ours out. */
  #bounded(name: string, send: () => Promise<unknown>): Promise<RedisReply> {
    return new Promise((resolve, reject) => {
      const settle = (outcome: () => void): void => {
        cancel();
        this.#inFlight.delete(lost);
        outcome();
      };
      const lost = (): void => settle(() => reject(unavailable()));
      const cancel = this.#options.clock.after(this.#timeoutMs, () => {
        this.#reconnect();
        lost();
      });
      this.#inFlight.add(lost);
      send().then(
        (reply) => settle(() => resolve(reply as RedisReply)),
        (error: unknown) => settle(() => reject(translated(name, error))),
      );
    });
  }

  /** ioredis leaves commands of a lost connection pending: their outcome is unknown, and that is their answer. */
  #lose(): void {
    this.#become(false);
    for (const lost of this.#inFlight) lost();
  }

  /** A silent Redis keeps its connection: drop it, so that the next commands fail at once instead of piling up. */
  #reconnect(): void {
    if (this.#closed || !this.#ready) return;
    this.#become(false);
    this.#connection.disconnect(true);
  }

  #beat(): void {
    this.#cancelHeartbeat = this.#options.clock.after(HEARTBEAT_MS, () => {
      if (this.#closed) return;
      this.command('PING').then(
        () => this.#become(true),
        () => this.#become(false),
      );
      this.#beat();
    });
  }

  #become(ready: boolean): void {
    const { log, metrics } = this.#options;
    if (ready === this.#ready || (ready && this.#closed)) return;
    this.#ready = ready;
    metrics.redisReady.set(ready ? 1 : 0);
    if (ready) log.info({}, 'redis answers');
    else if (!this.#closed) log.warn({}, 'redis does not answer');
    for (const listener of this.#listeners) listener(ready);
  }

  #sha(script: Script): string {
    let sha = this.#shas.get(script.lua);
    if (sha === undefined) {
      sha = createHash('sha1').update(script.lua).digest('hex');
      this.#shas.set(script.lua, sha);
    }
    return sha;
  }
}

class UnknownScript extends Error {}

function unavailable(): AppError {
  return new AppError('redis_unavailable', 'Redis does not answer; try again', { retryAfter: 1 });
}

function translated(name: string, error: unknown): Error {
  const { name: kind, message } = error as { name?: unknown; message?: unknown };
  if (kind !== 'ReplyError' || typeof message !== 'string') return unavailable();
  // The first word of a refusal is its code; the rest may quote arguments.
  const code = /^[A-Z]+/.exec(message)?.[0] ?? 'ERR';
  if (code === 'NOSCRIPT') return new UnknownScript();
  return PASSING.has(code) ? unavailable() : new AppError('internal', `Redis refused ${name}: ${code}`);
}
