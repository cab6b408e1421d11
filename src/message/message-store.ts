import { createHash } from 'node:crypto';
import { timestamp, type Clock } from '../clock.js';
import { KEY_PREFIX } from '../redis/keys.js';
import type { Redis, RedisReply, Script } from '../redis/redis.js';
import { masked } from './address.js';
import {
  MESSAGE_CHANNELS,
  MESSAGE_FAULTS,
  type Letter,
  type Message,
  type MessageFault,
  type MessageView,
} from './messages.js';

/** `sending` is on the way between two states of the view: a process that dies there leaves it so. */
const STAGES = ['queued', 'sending', 'sent', 'delivered', 'failed'] as const;
export type Stage = (typeof STAGES)[number];

/** What may be known of a message for as long as of the payment that it is about: 13 months. */
const KEEP_SECONDS = 400 * 86_400;

const VIEW = ['merchant', 'key', 'channel', 'to', 'stage', 'reason', 'at'] as const;

/** KEYS: the message. ARGV: seconds to keep it; names and values. Gives its view, of the first writing. */
const OPEN: Script = {
  name: 'message-open',
  lua: `
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], unpack(ARGV, 2))
  redis.call('EXPIRE', KEYS[1], ARGV[1])
end
return redis.call('HMGET', KEYS[1], '${VIEW.join("', '")}')`,
};

/**
 * KEYS: the message. ARGV: the stages it may be in, between spaces, and the one it turns to; the reason it turns with,
 * the one it must have had (empty: any); the time (ms). What it said is forgotten once it is out of our hands. Gives 1
 * once it is so, also when it was so before; else 0.
 */
const TURN: Script = {
  name: 'message-turn',
  lua: `
local stage, reason = unpack(redis.call('HMGET', KEYS[1], 'stage', 'reason'))
if not stage then return 0 end
if stage == ARGV[2] and reason == ARGV[3] then return 1 end
if not string.find(ARGV[1], ' ' .. stage .. ' ', 1, true) then return 0 end
if ARGV[4] ~= '' and stage == 'failed' and reason ~= ARGV[4] then return 0 end
redis.call('HSET', KEYS[1], 'stage', ARGV[2], 'reason', ARGV[3], 'at', ARGV[5])
if ARGV[2] ~= 'queued' and ARGV[2] ~= 'sending' then redis.call('HDEL', KEYS[1], 'letter') end
return 1`,
};

/** A message as it is kept. */
export interface Kept {
  stage: Stage;
  view: MessageView;
}

/**
 * Messages as hashes, `tw:m:{id}`. An id is made of merchant and key, so the same message is the same record; what it
 * says, and to whom in full, is kept until it has been handed over. Methods reject with AppError `redis_unavailable`.
 */
export class MessageStore {
  readonly #redis: Redis;
  readonly #clock: Clock;

  constructor(redis: Redis, clock: Clock) {
    this.#redis = redis;
    this.#clock = clock;
  }

  /** Writes a message down, unless it has been already. */
  async open({ merchant, key, ...content }: Message): Promise<Kept> {
    const { channel, to } = content;
    const id = messageId(merchant, key);
    const letter: Letter = { id, ...content };
    const fields = {
      ...{ merchant, key, channel, to: masked(channel, to), stage: 'queued', reason: '' },
      ...{ at: this.#clock.now(), letter: JSON.stringify(letter) },
    };
    const args = [KEEP_SECONDS, ...Object.entries(fields).flat()];
    const kept = keptOf(await this.#redis.run(OPEN, [messageKey(id)], args));
    if (kept === null) throw new TypeError('a message was written down and is not there');
    return kept;
  }

  async find(id: string): Promise<Kept | null> {
    return keptOf(await this.#redis.command('HMGET', messageKey(id), ...VIEW));
  }

  /** What is to be handed over; null once it has been. */
  async letter(id: string): Promise<Letter | null> {
    const text = await this.#redis.command('HGET', messageKey(id), 'letter');
    return typeof text === 'string' ? (JSON.parse(text) as Letter) : null;
  }

  /** Takes a message from one of `from` on; false when it is in none of them. Run again it changes nothing. */
  async turn(
    id: string,
    from: readonly Stage[],
    to: Stage,
    reason: MessageFault | null = null,
  ): Promise<boolean> {
    return this.#turn(id, from, to, reason, '');
  }

  /** What the carrier says afterwards also corrects `unconfirmed`. */
  async correct(
    id: string,
    from: readonly Stage[],
    to: Stage,
    reason: MessageFault | null,
  ): Promise<boolean> {
    return this.#turn(id, [...from, 'failed'], to, reason, 'unconfirmed');
  }

  async #turn(
    id: string,
    from: readonly Stage[],
    to: Stage,
    reason: MessageFault | null,
    had: MessageFault | '',
  ): Promise<boolean> {
    const args = [` ${from.join(' ')} `, to, reason ?? '', had, this.#clock.now()];
    return (await this.#redis.run(TURN, [messageKey(id)], args)) === 1;
  }
}

/** 156 bits of a digest: nobody guesses one, and it tells nothing. */
export function messageId(merchant: string, key: string): string {
  return createHash('sha256').update(`${merchant}\n${key}`).digest('base64url').slice(0, 26);
}

function messageKey(id: string): string {
  return `${KEY_PREFIX}m:{${id}}`;
}

function keptOf(reply: RedisReply): Kept | null {
  const [merchant, key, channel, to, stage, reason, at] = Array.isArray(reply) ? reply : [];
  const known = STAGES.find((one) => one === stage);
  const by = MESSAGE_CHANNELS.find((one) => one === channel);
  if (known === undefined || by === undefined) return null;
  return {
    stage: known,
    view: {
      ...{ merchant: String(merchant), key: String(key), channel: by, to: String(to) },
      state: known === 'sending' ? 'queued' : known,
      reason: MESSAGE_FAULTS.find((one) => one === reason) ?? null,
      updated_at: timestamp(Number(at)),
    },
  };
}
