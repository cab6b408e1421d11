import type { Script } from '../redis/redis.js';

/** KEYS: the state. ARGV: the version that all rows shall get. Asks for one more round. */
export const REQUEST: Script = {
  name: 'rewrap-request',
  lua: `
redis.call('HSET', KEYS[1], 'target', ARGV[1])
return redis.call('HINCRBY', KEYS[1], 'round', 1)`,
};

/**
 * KEYS: the sealed card. ARGV: the version and wrapped key that it has, those that it gets. Gives 1, or 0 when it has
 * others, or has gone: a card that was shredded meanwhile stays so.
 */
export const REWRAP: Script = {
  name: 'rewrap-row',
  lua: `
local row = redis.call('HMGET', KEYS[1], 'k', 'w')
if row[1] ~= ARGV[1] or row[2] ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'k', ARGV[3], 'w', ARGV[4])
return 1`,
};
