import { outboxKey, type SlotWrite } from './keys.js';
import type { RedisArgument } from './redis.js';

/** What becomes true at once in one slot: an event for its outbox, and records. */
export interface SlotEntry {
  slot: string;
  /** As it stands in the outbox: the JSON of a `CrmEvent`. */
  event: string;
  writes: readonly SlotWrite[];
}

/**
 * The head of every script that writes an entry: `announce()` does it, before the script's own writes. Redis undoes
 * nothing when a script fails midway, so the one write that can be refused, that to the outbox, comes first. KEYS and
 * ARGV begin with those of `slotEntryKeys` and `slotEntryArguments`; the script's own begin at `more_keys` and
 * `more_args`.
 */
export const SLOT_ENTRY_LUA = `
local records = tonumber(ARGV[2])
local more_keys, more_args = records + 2, records * 2 + 3
local function announce()
  redis.call('RPUSH', KEYS[1], ARGV[1])
  for i = 1, records do redis.call('SET', KEYS[i + 1], ARGV[i * 2 + 1], 'EX', ARGV[i * 2 + 2]) end
end
`;

export function slotEntryKeys(entry: SlotEntry): string[] {
  return [outboxKey(entry.slot), ...entry.writes.map(({ key }) => key)];
}

export function slotEntryArguments(entry: SlotEntry): RedisArgument[] {
  return [
    entry.event,
    entry.writes.length,
    ...entry.writes.flatMap(({ value, ttlSeconds }) => [value, ttlSeconds]),
  ];
}
