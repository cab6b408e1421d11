import type { Script } from '../redis/redis.js';
import { SLOT_ENTRY_LUA } from '../redis/slot-entry.js';

/**
 * KEYS: the slot entry's, the idempotency key, what says by which charge a token is spent (if it can be). ARGV: the
 * slot entry's, the id of the charge. Gives that id once the entry is written; else the id of the charge that had the
 * same key, or `spent`. Run again it writes the same again.
 */
export const CREATE: Script = {
  name: 'charge-create',
  lua: `${SLOT_ENTRY_LUA}
local id = ARGV[more_args]
local known = redis.call('GET', KEYS[more_keys])
if known and known ~= id then return known end
local spending = KEYS[more_keys + 1]
local by = spending and redis.call('GET', spending)
if by and by ~= id then return 'spent' end
announce()
return id`,
};

/**
 * KEYS: the slot entry's, of which the record is the first, and what is given up with the change. ARGV: the slot
 * entry's, the record as it was read, as it becomes. Gives 1 once it is so; 0 when it, or what it is written with, was
 * changed by somebody else.
 */
export const CHANGE: Script = {
  name: 'charge-change',
  lua: `${SLOT_ENTRY_LUA}
local record, become = KEYS[appends + 1], ARGV[more_args + 1]
local now = redis.call('GET', record)
if now == become then
  -- Run again: a wait behind it must have a write to wait for.
  redis.call('SET', record, become, 'KEEPTTL')
  return 1
end
if now ~= ARGV[more_args] or stale() then return 0 end
announce()
for i = more_keys, #KEYS do redis.call('DEL', KEYS[i]) end
return 1`,
};

/** KEYS: the record, and all that was written with it. ARGV: the record as it was written. Undoes what led to nothing. */
export const ABANDON: Script = {
  name: 'charge-abandon',
  lua: `
local now = redis.call('GET', KEYS[1])
if now and now ~= ARGV[1] then return 0 end
redis.call('DEL', unpack(KEYS))
return 1`,
};

/**
 * KEYS: the set of charges to be looked at. ARGV: a charge, when it is next looked at (ms), now (ms). One whose time
 * has come is not put off: it was woken while somebody looked at it.
 */
export const LOOK: Script = {
  name: 'charge-look',
  lua: `
local at = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not at or tonumber(at) > tonumber(ARGV[3]) then redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1]) end
return 1`,
};

/**
 * KEYS: the set. ARGV: a charge, when it was to be looked at (ms) before it was found to be settled, now (ms). Takes it
 * out; not when that has changed since, or its time has come: then there is more to be known of it.
 */
export const REST: Script = {
  name: 'charge-rest',
  lua: `
local at = redis.call('ZSCORE', KEYS[1], ARGV[1])
if at and tonumber(at) == tonumber(ARGV[2]) and tonumber(at) > tonumber(ARGV[3]) then
  redis.call('ZREM', KEYS[1], ARGV[1])
end
return 1`,
};

/**
 * KEYS: the set. ARGV: now (ms), until when others keep away from what is given (ms), how many at most. Gives the
 * charges whose time has come, the longest waiting first.
 */
export const CLAIM: Script = {
  name: 'charge-claim',
  lua: `
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
for _, charge in ipairs(due) do redis.call('ZADD', KEYS[1], ARGV[2], charge) end
return due`,
};
