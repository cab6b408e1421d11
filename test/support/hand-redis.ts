import { AppError } from '../../src/errors.js';
import type { RedisReply, ReplicatedRedis, Script, ScriptAndWait } from '../../src/redis/redis.js';

/** A Redis that answers what a test tells it to, for moments that a real one has once in a year. */
export class HandRedis implements ReplicatedRedis {
  ready = true;
  /** What is answered next: a reply, or an error. Behind the last one everything is away. */
  readonly answers: unknown[] = [];
  /** Names of what was asked, with keys and arguments. */
  readonly asked: unknown[][] = [];
  readonly #listeners = new Set<(ready: boolean) => void>();

  become(ready: boolean): void {
    this.ready = ready;
    for (const listener of this.#listeners) listener(ready);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  watch(listener: (ready: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  command(...asked: unknown[]): Promise<RedisReply> {
    return this.#answer(asked);
  }

  commandBuffer(...asked: unknown[]): Promise<RedisReply> {
    return this.#answer(asked);
  }

  run({ name }: Script, ...asked: unknown[]): Promise<RedisReply> {
    return this.#answer([name, ...asked]);
  }

  runAndWait({ name }: Script, ...asked: unknown[]): Promise<ScriptAndWait> {
    return this.#answer([name, ...asked]);
  }

  masters() {
    return [{ command: (...asked: unknown[]) => this.#answer<RedisReply>(asked) }];
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #answer<T>(asked: unknown[]): Promise<T> {
    this.asked.push(asked);
    const answer = this.answers.length > 0 ? this.answers.shift() : redisAway();
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer as T);
  }
}

export function redisAway(): AppError {
  return new AppError('redis_unavailable', 'Redis does not answer; try again');
}
