import { outboxKey, type SlotAppend, type SlotWrite } from './keys.js';
import type { RedisArgument } from './redis.js';

/** What becomes true at once in one slot: events for its outbox, what other lists are told, and records. */
export interface SlotEntry {
  slot: string;
  /** As they stand in the outbox: each the JSON of a `CrmEvent`. */
  events: readonly string[];
  writes: readonly SlotWrite[];
  appends?: readonly SlotAppend[];
}

/**
 * The head of every script that writes an entry: `announce()` does it, before the script's own writes. Redis undoes
 * nothing when a script fails midway, so the writes that can be refused, those to lists, come first, and all lists are
 * looked at before the first of them. `stale()` says whether a record is not any more what it `replaces`; a script that is
 * given such writes asks that first, in any other they are an error. KEYS and ARGV begin with those of `slotEntryKeys` and `slotEntryArguments`; the
 * script's own begin at `more_keys` and `more_args`.
 */
export const SLOT_ENTRY_LUA = `
local appends, records = tonumber(ARGV[1]), tonumber(ARGV[2])
local more_keys, more_args = appends + records + 1, appends + records * 3 + 3
local function stale()
  for i = 1, records do
    local read = ARGV[appends + i * 3 + 2]
    if read ~= '' and redis.call('GET', KEYS[appends + i]) ~= read then return true end
  end
  return false
end
local function announce()
  if stale() then error('a record has changed since it was read') end
  for i = 1, appends do redis.call('LLEN', KEYS[i]) end
  for i = 1, appends do redis.call('RPUSH', KEYS[i], ARGV[i + 2]) end
  for i = 1, records do
    local at = appends + i * 3
    redis.call('SET', KEYS[appends + i], ARGV[at], 'EX', ARGV[at + 1])
  end
end
`;

export function slotEntryKeys(entry: SlotEntry): string[] {
  return [...appendsOf(entry), ...entry.writes].map(({ key }) => key);
}

export function slotEntryArguments(entry: SlotEntry): RedisArgument[] {
  const appends = appendsOf(entry);
  return [
    appends.length,
    entry.writes.length,
    ...appends.map(({ value }) => value),
    ...entry.writes.flatMap(({ value, ttlSeconds, replaces = '' }) => [value, ttlSeconds, replaces]),
  ];
}

function appendsOf({ slot, events, appends = [] }: SlotEntry): SlotAppend[] {
  return [...events.map((value) => ({ key: outboxKey(slot), value })), ...appends];
}
