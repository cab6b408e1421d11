import type { Script } from '../redis/redis.js';

/**
 * KEYS: the lease. ARGV: who asks, for how long (ms). Gives 1 to the one who has it, or had it: then it is prolonged.
 */
export const LEASE: Script = {
  name: 'rewrap-lease',
  lua: `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`,
};

/** KEYS: the lease. ARGV: who gives it back. */
export const RELEASE: Script = {
  name: 'rewrap-release',
  lua: `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`,
};

/** KEYS: the state. ARGV: the version that all rows shall get. Asks for one more round. */
export const REQUEST: Script = {
  name: 'rewrap-request',
  lua: `
redis.call('HSET', KEYS[1], 'target', ARGV[1])
return redis.call('HINCRBY', KEYS[1], 'round', 1)`,
};

/** KEYS: the state, the cursors. ARGV: a run of a server, its cursor, names and counts to add to the state. */
export const ADVANCE: Script = {
  name: 'rewrap-advance',
  lua: `
for i = 3, #ARGV, 2 do redis.call('HINCRBY', KEYS[1], ARGV[i], ARGV[i + 1]) end
return redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])`,
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
