import type { Script } from '../redis/redis.js';

/**
 * KEYS: the lease. ARGV: who asks, for how long (ms). Gives 1 to the one who has it, or had it: then it is prolonged.
 */
export const LEASE: Script = {
  name: 'walk-lease',
  lua: `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`,
};

/** KEYS: the lease. ARGV: who gives it back. */
export const RELEASE: Script = {
  name: 'walk-release',
  lua: `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`,
};

/** KEYS: the state, the cursors. ARGV: names of the state and what they are set to. */
export const BEGIN: Script = {
  name: 'walk-begin',
  lua: `
redis.call('HSET', KEYS[1], unpack(ARGV))
return redis.call('HSET', KEYS[2], 'begun', 1)`,
};

/** KEYS: the state, the cursors. ARGV: a run of a server, its cursor, names and counts to add to the state. */
export const ADVANCE: Script = {
  name: 'walk-advance',
  lua: `
for i = 3, #ARGV, 2 do redis.call('HINCRBY', KEYS[1], ARGV[i], ARGV[i + 1]) end
return redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])`,
};
