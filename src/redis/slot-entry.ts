import { outboxKey, type SlotWrite } from './keys.js';
import type { RedisArgument } from './redis.js';

/** What becomes true at once in one slot: events for its outbox, and records. */
export interface SlotEntry {
  slot: string;
  /** As they stand in the outbox: each the JSON of a `CrmEvent`. */
  events: readonly string[];
  writes: readonly SlotWrite[];
}

/**
 * The head of every script that writes an entry: `announce()` does it, before the script's own writes. Redis undoes
 * nothing when a script fails midway, so the writes that can be refused, those to the outbox, come first. KEYS and
 * ARGV begin with those of `slotEntryKeys` and `slotEntryArguments`; the script's own begin at `more_keys` and
 * `more_args`.
 */
export const SLOT_ENTRY_LUA = `
local events, records = tonumber(ARGV[1]), tonumber(ARGV[2])
local more_keys, more_args = records + 2, events + records * 2 + 3
local function announce()
  for i = 1, events do redis.call('RPUSH', KEYS[1], ARGV[i + 2]) end
  for i = 1, records do
    local at = events + i * 2 + 1
    redis.call('SET', KEYS[i + 1], ARGV[at], 'EX', ARGV[at + 1])
  end
end
`;

export function slotEntryKeys(entry: SlotEntry): string[] {
  return [outboxKey(entry.slot), ...entry.writes.map(({ key }) => key)];
}

export function slotEntryArguments(entry: SlotEntry): RedisArgument[] {
  return [
    entry.events.length,
    entry.writes.length,
    ...entry.events,
    ...entry.writes.flatMap(({ value, ttlSeconds }) => [value, ttlSeconds]),
  ];
}
