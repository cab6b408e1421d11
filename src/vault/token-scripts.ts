import type { Script } from '../redis/redis.js';
import { SLOT_ENTRY_LUA } from '../redis/slot-entry.js';

/** KEYS: the fingerprint, and as it was called in layout 1, when its name had a prefix. ARGV: the name it gets if it has none, until when it is kept (s). Gives its name. */
export const ALIAS: Script = {
  name: 'vault-alias',
  lua: `
local name = redis.call('GET', KEYS[1])
if not name then
  local old = redis.call('GET', KEYS[2])
  name = old and string.gsub(old, '^fpr_', '') or ARGV[1]
  redis.call('SET', KEYS[1], name, 'EXAT', ARGV[2])
  return name
end
local now = redis.call('TIME')
if redis.call('TTL', KEYS[1]) < ARGV[2] - now[1] then redis.call('EXPIREAT', KEYS[1], ARGV[2]) end
return name`,
};

/** KEYS: any of the slot. Gives the time of the node that holds it, in ms. */
export const NOW: Script = {
  name: 'vault-now',
  lua: `
local now = redis.call('TIME')
return now[1] * 1000 + math.floor(now[2] / 1000)`,
};

/**
 * KEYS: the slot entry's, the sealed card, the record, a provider's name if there is one. ARGV: the slot entry's, the
 * time after which the write is refused (ms), when the seal ends (s), the record, when it and the name end (s), how many
 * arguments are the name's, its fields, fields of the seal, if there is one. Run again with the same row it says the same and changes nothing, but writes: `kept`, `late`, or `stale` when what it replaces has changed.
 */
export const PUT: Script = {
  name: 'vault-put',
  lua: `${SLOT_ENTRY_LUA}
local sealed, record = KEYS[more_keys], KEYS[more_keys + 1]
if redis.call('EXISTS', record) == 1 then
  redis.call('EXPIREAT', record, ARGV[more_args + 3])
  return 'kept'
end
local now = redis.call('TIME')
if now[1] * 1000 + now[2] / 1000 > tonumber(ARGV[more_args]) then return 'late' end
if stale() then return 'stale' end
announce()
redis.call('SET', record, ARGV[more_args + 2], 'EXAT', ARGV[more_args + 3])
local name, seal = KEYS[more_keys + 2], more_args + 5 + ARGV[more_args + 4]
if name then
  redis.call('HSET', name, unpack(ARGV, more_args + 5, seal - 1))
  redis.call('EXPIREAT', name, ARGV[more_args + 3])
end
if ARGV[seal] then
  redis.call('HSET', sealed, unpack(ARGV, seal))
  redis.call('EXPIREAT', sealed, ARGV[more_args + 1])
end
return 'kept'`,
};

/**
 * The wrapped key is overwritten before the row goes, so that no copy of the row that Redis still holds opens. Run
 * again it writes again, or a wait behind it would say nothing.
 */
const SHRED_LUA = `
local function shredded(sealed)
  local there = redis.call('EXISTS', sealed)
  redis.call('HSET', sealed, 'w', '')
  redis.call('UNLINK', sealed)
  return there
end`;

/**
 * KEYS: the sealed card, a list that is told. ARGV: what that is told when there was one; both may be left out. Gives 1,
 * or 0 when there was none.
 */
export const DESTROY: Script = {
  name: 'vault-destroy',
  lua: `${SHRED_LUA}
if KEYS[2] then redis.call('LLEN', KEYS[2]) end
local there = shredded(KEYS[1])
if KEYS[2] and there == 1 then redis.call('RPUSH', KEYS[2], ARGV[1]) end
return there`,
};

/**
 * KEYS: the sealed card, the record, the outbox, a list that is told. ARGV: what that is told when there was something
 * to take back, and the events; without the list there is only an empty text for it. Takes a write back.
 */
export const WITHDRAW: Script = {
  name: 'vault-withdraw',
  lua: `${SHRED_LUA}
local there = shredded(KEYS[1])
redis.call('UNLINK', KEYS[2])
for i = 2, #ARGV do redis.call('LREM', KEYS[3], 1, ARGV[i]) end
if KEYS[4] and there == 1 then redis.call('RPUSH', KEYS[4], ARGV[1]) end
return 1`,
};

/**
 * KEYS: the sealed card, the count of its openings. ARGV: how many openings there may be, within how long (s). Gives the
 * seconds after which it may be opened, 0 for now. Nothing is counted for a card that is not there.
 */
export const OPENING: Script = {
  name: 'vault-opening',
  lua: `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local count = redis.call('INCR', KEYS[2])
if count == 1 then redis.call('EXPIRE', KEYS[2], ARGV[2]) end
if count <= tonumber(ARGV[1]) then return 0 end
return math.max(1, redis.call('TTL', KEYS[2]))`,
};

/** KEYS: the sealed card. ARGV: what the network calls the first payment, sealed. Run again it writes the same again. */
export const REMEMBER: Script = {
  name: 'vault-remember',
  lua: `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local kept = redis.call('HGET', KEYS[1], 'n')
redis.call('HSET', KEYS[1], 'n', kept or ARGV[1])
return 1`,
};
