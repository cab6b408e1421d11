import { createHash } from 'node:crypto';
import { Cluster, type Redis as Client } from 'ioredis';
import type { Clock } from '../clock.js';
import type { Logger } from '../log.js';
import type { Metrics } from '../metrics.js';
import { connect } from './connection.js';
import { Lane, UnknownScript } from './lane.js';
import type { RedisAddress } from './redis-address.js';
import type {
  RedisArgument,
  RedisCommand,
  RedisNode,
  RedisReply,
  ReplicatedRedis,
  Script,
  ScriptAndWait,
} from './redis.js';

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

/** The one client of Redis. It fails fast while Redis is away and comes back by itself. */
export class RedisClient implements ReplicatedRedis {
  readonly #lane: Lane;
  readonly #options: RedisClientOptions;
  readonly #listeners = new Set<(ready: boolean) => void>();
  readonly #shas = new Map<string, string>();
  /** Where writes are waited for: a replica that is slow would hold up whatever else went the same way. */
  #waiting: Lane | null = null;
  #ready = false;
  #closed = false;
  #cancelHeartbeat: () => void = () => {};

  constructor(options: RedisClientOptions) {
    this.#options = options;
    this.#lane = this.#newLane(() => this.#reconnect());
    const { connection } = this.#lane;
    for (const event of ['error', 'close', 'end']) connection.on(event, () => this.#become(false));
    connection.on('ready', () => this.#become(true));
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
    return this.#lane.send(name, (connection) => connection.call(name, ...args));
  }

  commandBuffer(name: string, ...args: readonly RedisArgument[]): Promise<RedisReply> {
    return this.#lane.send(name, (connection) => connection.callBuffer(name, ...args));
  }

  run(script: Script, keys: readonly string[], args: readonly RedisArgument[]): Promise<RedisReply> {
    const rest = [keys.length, ...keys, ...args];
    return this.#evaluate(script, (command, body) =>
      this.#lane.send(script.name, (connection) => connection.call(command, body, ...rest)),
    );
  }

  runAndWait(
    script: Script,
    keys: readonly string[],
    args: readonly RedisArgument[],
    waits: readonly RedisCommand[],
  ): Promise<ScriptAndWait> {
    const rest = [keys.length, ...keys, ...args];
    const lane = (this.#waiting ??= this.#newLane(() => leave(this.#waiting)));
    return this.#evaluate(script, (command, body) =>
      lane.send<ScriptAndWait>(script.name, async (connection) => {
        // One pipeline is one write to one socket: a wait on another connection would say nothing.
        const pipeline = connection.pipeline().call(command, body, ...rest);
        for (const [wait, ...counts] of waits) pipeline.call(wait, ...counts);
        const replies = (await pipeline.exec()) ?? [];
        for (const [error] of replies) if (error !== null) throw error;
        const values = replies.map(([, value]) => value as RedisReply);
        return { reply: values.at(0) ?? null, waited: values.at(-1) ?? null };
      }),
    );
  }

  masters(): readonly RedisNode[] {
    return this.#nodes().map((node) => ({
      command: (name, ...args) => this.#lane.send(name, () => node.call(name, ...args)),
    }));
  }

  /** The addresses of the servers that it is connected to; none for a unix socket. */
  get peers(): string[] {
    return this.#nodes().flatMap(({ stream }) =>
      'remoteAddress' in stream ? (stream.remoteAddress ?? []) : [],
    );
  }

  /** The same command to each master: one reply a node. */
  async everyNode(name: string, ...args: readonly RedisArgument[]): Promise<RedisReply[]> {
    return Promise.all(this.masters().map((node) => node.command(name, ...args)));
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#cancelHeartbeat();
    this.#lane.connection.disconnect();
    this.#waiting?.connection.disconnect();
    this.#become(false);
    this.#listeners.clear();
    return Promise.resolve();
  }

  #newLane(onDoubt: () => void): Lane {
    const { address, clock, commandTimeoutMs = COMMAND_TIMEOUT_MS } = this.#options;
    const connection = connect(address, {
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      // Also holds for ioredis's own greeting: a stopped Redis accepts connections and says nothing.
      commandTimeout: commandTimeoutMs,
    });
    return new Lane(connection, clock, commandTimeoutMs, onDoubt);
  }

  #nodes(): Client[] {
    const { connection } = this.#lane;
    return connection instanceof Cluster ? connection.nodes('master') : [connection];
  }

  async #evaluate<T>(script: Script, send: (command: string, body: string) => Promise<T>): Promise<T> {
    try {
      return await send('EVALSHA', this.#sha(script));
    } catch (error) {
      if (!(error instanceof UnknownScript)) throw error;
    }
    return send('EVAL', script.lua);
  }

  /** A silent Redis keeps its connection, and so does one that is no longer the primary: look for another. */
  #reconnect(): void {
    if (this.#closed || !this.#ready) return;
    this.#become(false);
    leave(this.#lane);
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

/** Drops a connection for a new one; ioredis gives up for good when that is asked of it while it connects. */
function leave(lane: Lane | null): void {
  if (lane?.connection.status === 'ready') lane.connection.disconnect(true);
}
