import { KEY_PREFIX } from './keys.js';

/** The user of the service in a Redis of its own; `compose.yaml` makes the same one. */
export const REDIS_USER = 'tonewall';

/**
 * The rules of the user `default`. Nobody can be it, but Redis replays its AOF as it, and silently drops every
 * transaction and script in there that this user might not run (seen on 7.0.15: all cards gone after a restart).
 */
export const REPLAY_RULES = 'off ~* &* +@all';

/**
 * Every command that the service and BullMQ send, scripts included. Nothing here shows another client's arguments or
 * changes a setting. SCAN shows the names of all keys, which tell no token: rotation walks over them.
 */
const COMMANDS = [
  ...[
    'ping',
    'info',
    'hello',
    'auth',
    'client|setname',
    'cluster|slots',
    'cluster|info',
    'readonly',
    'config|get',
    'acl|dryrun',
    'time',
  ],
  ...['eval', 'evalsha', 'multi', 'exec', 'wait'],
  ...['scan', 'exists', 'type', 'ttl', 'pttl', 'expire', 'pexpire', 'expireat', 'del', 'unlink', 'rename'],
  ...['get', 'set', 'incr', 'incrby', 'decr', 'getdel', 'mget'],
  ...['hget', 'hgetall', 'hmget', 'hset', 'hmset', 'hsetnx', 'hincrby', 'hdel', 'hexists', 'hlen', 'hscan'],
  ...[
    'llen',
    'lrange',
    'lindex',
    'lpush',
    'rpush',
    'lpop',
    'rpop',
    'lrem',
    'ltrim',
    'lmove',
    'rpoplpush',
    'lpos',
  ],
  ...['sadd', 'srem', 'scard', 'sismember', 'smembers', 'sscan'],
  ...[
    'zadd',
    'zrem',
    'zcard',
    'zcount',
    'zscore',
    'zrank',
    'zrange',
    'zrevrange',
    'zrangebyscore',
    'zpopmin',
  ],
  ...[
    'zrevrangebylex',
    'zremrangebylex',
    'zrevrangebyscore',
    'zremrangebyscore',
    'zremrangebyrank',
    'bzpopmin',
  ],
  ...['xadd', 'xtrim', 'xlen'],
] as const;

/** The rules of that user, as after `user NAME` in redis.conf; the password goes in as its SHA-256. */
export function aclRules(passwordSha256: string): string {
  const commands = COMMANDS.map((name) => `+${name}`).join(' ');
  return `on #${passwordSha256} ~${KEY_PREFIX}* resetchannels -@all ${commands}`;
}
