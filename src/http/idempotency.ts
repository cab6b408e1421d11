import { createHash, randomUUID } from 'node:crypto';
import type { ApiClient } from '../access/api-keys.js';
import { AppError } from '../errors.js';
import { KEY_PREFIX } from '../redis/keys.js';
import type { Redis, Script } from '../redis/redis.js';
import { holdsCardNumber } from '../card/card-like.js';
import type { Answer } from './answer.js';

const KEPT_MS = 24 * 60 * 60 * 1000;
/** How long a request holds its key; longer than any runs, short enough that a crash doesn't lock it for the day. */
const LEASE_MS = 30_000;

export interface RepeatableRequest {
  /** Whose key it is: the same text of another principal, or of the same one of another merchant, is another key. */
  client: Pick<ApiClient, 'merchant' | 'principal'>;
  /** Method and path pattern. */
  route: string;
  key: string;
  /** As checked: equal bodies are equal requests, whatever their spelling. */
  body: unknown;
}

/** What lies in Redis under a key; `answer` is null while the request runs. */
interface Entry {
  owner: string;
  /** SHA-256 of the body, which has passed the card number filter. */
  body: string;
  answer: Answer | null;
}

/** Writes ARGV[2] (or deletes, when empty) where ARGV[1] still stands: an expired lease may have passed to another. */
const SETTLE: Script = {
  name: 'idempotency-settle',
  lua: `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
    if ARGV[2] == '' then return redis.call('DEL', KEYS[1]) end
    redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
    return 1`,
};

/** The value of an `Idempotency-Key` header. Throws AppError `bad_request` for one that can't be taken. */
export function idempotencyKey(header: string | undefined): string | null {
  if (header === undefined) return null;
  if (!/^[\x20-\x7e]{1,255}$/.test(header)) {
    throw new AppError('bad_request', 'Idempotency-Key must be 1 to 255 printable ASCII characters');
  }
  if (holdsCardNumber(header))
    throw new AppError('bad_request', 'Idempotency-Key: card numbers are not taken here');
  return header;
}

/** Runs a request once for each key: a repetition within 24 h gets the first answer again. */
export class Idempotency {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /**
   * The answer of `run`, or the one it gave before; nothing is kept of a `run` that throws. Rejects with AppError
   * `idempotency_in_progress`, `idempotency_mismatch` or `redis_unavailable`.
   */
  async once(request: RepeatableRequest, run: () => Promise<Answer>): Promise<Answer> {
    const { merchant, principal } = request.client;
    const name = KEY_PREFIX + 'i:' + digest([merchant, principal, request.route, request.key].join('\n'));
    const entry: Entry = { owner: randomUUID(), body: digest(JSON.stringify(request.body)), answer: null };
    const mine = JSON.stringify(entry);
    if ((await this.#redis.command('SET', name, mine, 'NX', 'PX', LEASE_MS)) === null) {
      return replay(await this.#redis.command('GET', name), entry.body);
    }
    const answer = await this.#release(name, mine, run);
    // The request has done its work: Redis going away now costs only the memory of it.
    const kept = JSON.stringify({ ...entry, answer });
    await this.#redis.run(SETTLE, [name], [mine, kept, KEPT_MS]).catch(() => null);
    return answer;
  }

  /** Runs, and gives the key free again when `run` throws. */
  async #release(name: string, mine: string, run: () => Promise<Answer>): Promise<Answer> {
    try {
      return await run();
    } catch (error) {
      await this.#redis.run(SETTLE, [name], [mine, '', KEPT_MS]).catch(() => null);
      throw error;
    }
  }
}

function replay(stored: unknown, body: string): Answer {
  // Gone between the two commands: its lease ran out just now, so the client may try again.
  const entry = typeof stored === 'string' ? (JSON.parse(stored) as Entry) : null;
  if (entry !== null && entry.body !== body) {
    throw new AppError('idempotency_mismatch', 'this Idempotency-Key came with another body; use a new key');
  }
  if (entry === null || entry.answer === null) {
    throw new AppError(
      'idempotency_in_progress',
      'the first request with this Idempotency-Key is still running',
    );
  }
  return { ...entry.answer, headers: { ...entry.answer.headers, 'idempotent-replayed': 'true' } };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
