/**
 * What the rooms above ask of Redis. One wrapper owns the client: no offline queue, nothing sent twice, and errors
 * without names or arguments of commands. Every method rejects with AppError `redis_unavailable` when Redis did not
 * answer, and `internal` when it refused.
 */
export interface Redis {
  /** One command. Replies are those of RESP2: strings, integers, arrays, null. */
  command(name: string, ...args: readonly RedisArgument[]): Promise<RedisReply>;
  /** The same, with bulk strings as Buffers. */
  commandBuffer(name: string, ...args: readonly RedisArgument[]): Promise<RedisReply>;
  /** Runs a script atomically; all keys must be in one slot. */
  run(script: Script, keys: readonly string[], args: readonly RedisArgument[]): Promise<RedisReply>;
  /** Whether Redis answers now. */
  readonly ready: boolean;
  /** Tells when `ready` changes; returns what stops that. */
  watch(listener: (ready: boolean) => void): () => void;
  close(): Promise<void>;
}

/** One server: a cluster has several, and each is asked for what is its own. */
export interface RedisNode {
  command(name: string, ...args: readonly RedisArgument[]): Promise<RedisReply>;
}

/** A Redis whose servers can be asked one by one. */
export interface RedisServers extends Redis {
  /** Those that take writes. */
  masters(): readonly RedisNode[];
}

/** A Redis that says how many servers have what was written. */
export interface ReplicatedRedis extends RedisServers {
  /** `run`, and on the same connection behind it a `WAIT`, a `WAITAOF`, or both: gives what the last of them says. */
  runAndWait(
    script: Script,
    keys: readonly string[],
    args: readonly RedisArgument[],
    waits: readonly RedisCommand[],
  ): Promise<ScriptAndWait>;
}

export type RedisArgument = string | number | Buffer;
export type RedisCommand = readonly [name: string, ...args: RedisArgument[]];
export type RedisReply = string | number | Buffer | null | RedisReply[];

export interface ScriptAndWait {
  reply: RedisReply;
  waited: RedisReply;
}

export interface Script {
  readonly name: string;
  readonly lua: string;
}
