import { AppError, codeOf, type MemberError } from '../errors.js';
import type { Logger } from '../log.js';
import { REPLAY_RULES } from './acl.js';
import { isLocal, type RedisAddress } from './redis-address.js';
import type { RedisArgument, RedisReply } from './redis.js';

/** What Redis must be set to, and why. */
const REQUIRED = [
  { setting: 'appendonly', value: 'yes', why: 'cards would be lost with the process' },
  { setting: 'appendfsync', value: 'always', why: 'a token would be given out before its card is on disk' },
  { setting: 'no-appendfsync-on-rewrite', value: 'no', why: 'fsync would pause during rewrites' },
  { setting: 'maxmemory-policy', value: 'noeviction', why: 'cards would be dropped when memory is short' },
] as const;

/** A write that Redis must be able to replay from its AOF: see `REPLAY_RULES`. */
const REPLAYED = ['SET', 'tw:replayed', 'x'];

/** The part of the client that the check needs: settings are those of each node. */
export interface RedisNodes {
  everyNode(name: string, ...args: readonly RedisArgument[]): Promise<RedisReply[]>;
}

/**
 * Checks that an answer of Redis means fsynced. Throws AppError `config_invalid` with a line for each setting that
 * is wrong. Where CONFIG can't be read, `declared` takes the operator's word and says so in the log.
 */
export async function checkDurability(
  redis: RedisNodes,
  options: { declared: boolean; log: Logger },
): Promise<void> {
  const wrong: MemberError[] = [];
  const needs = (message: string): void => void wrong.push({ path: 'REDIS_URL', message });
  try {
    for (const { setting, value, why } of REQUIRED) {
      const replies = await redis.everyNode('CONFIG', 'GET', setting);
      if (replies.some((reply) => !Array.isArray(reply) || reply[1] !== value)) {
        needs(`Redis needs "${setting} ${value}" in redis.conf: else ${why}`);
      }
    }
    const replays = await redis.everyNode('ACL', 'DRYRUN', 'default', ...REPLAYED);
    if (replays.some((reply) => reply !== 'OK')) {
      needs(`Redis needs "user default ${REPLAY_RULES}" in redis.conf: else it drops cards when it restarts`);
    }
  } catch (error) {
    if (codeOf(error) !== 'internal') throw error;
    unreadable(options);
  }
  if (wrong.length > 0) throw refusal(wrong);
}

function unreadable({ declared, log }: { declared: boolean; log: Logger }): void {
  if (!declared) {
    throw refusal([
      {
        path: 'REDIS_DURABILITY',
        message:
          'the settings of Redis can not be read: allow CONFIG GET and ACL DRYRUN, or set REDIS_DURABILITY=declared to vouch for ' +
          REQUIRED.map(({ setting, value }) => `"${setting} ${value}"`).join(', '),
      },
    ]);
  }
  log.warn({ setting: 'REDIS_DURABILITY' }, 'durability of redis is declared, not checked');
}

/**
 * What is unsafe about an address: a plain connection that leaves the machine, the `default` user. Stops a live start
 * with AppError `config_invalid`, and warns otherwise.
 */
export function checkAddress(address: RedisAddress, options: { live: boolean; log: Logger }): void {
  const unsafe: string[] = [];
  if (!address.tls && !isLocal(address)) {
    unsafe.push('is not encrypted: use rediss://');
  }
  if (address.username === null || address.username === 'default') {
    unsafe.push(
      'speaks as the default user: make one with an ACL, for instance rediss://tonewall:PASSWORD@HOST',
    );
  }
  if (options.live && unsafe.length > 0) {
    throw refusal(unsafe.map((what) => ({ path: 'REDIS_URL', message: `the connection ${what}` })));
  }
  for (const what of unsafe) {
    options.log.warn({ setting: 'REDIS_URL', detail: what }, 'unsafe connection to redis');
  }
}

function refusal(errors: readonly MemberError[]): AppError {
  const lines = errors.map(({ path, message }) => `${path}: ${message}`);
  return new AppError('config_invalid', lines.join('\n'), { errors });
}
