import { parseEntry, type AuditEntry } from './audit-entry.js';
import type { Outcome } from './audit-event.js';
import { linesOf, segmentsOf } from './segment.js';

/** An intent as it stands in a chain, and what is written there of its outcome. */
export interface PastIntent {
  entry: AuditEntry;
  outcomes: ReadonlySet<Outcome>;
}

/** Looks intents up by their numbers, in the files of a chain. Those that are missing in what it gives are none. */
export async function pastIntents(
  dir: string,
  numbers: ReadonlySet<number>,
): Promise<ReadonlyMap<number, PastIntent>> {
  const found = new Map<number, { entry: AuditEntry; outcomes: Set<Outcome> }>();
  const segments = await segmentsOf(dir);
  const oldest = Math.min(...numbers);
  const from = segments.findLastIndex(({ first }) => first <= oldest);
  for (const segment of segments.slice(Math.max(0, from))) {
    for await (const line of linesOf(segment)) {
      if (typeof line !== 'string' || !isOf(numbers, line)) continue;
      const entry = parseEntry(line);
      if (entry === null) continue;
      if (entry.outcome === 'intent') found.set(entry.seq, { entry, outcomes: new Set() });
      else found.get(entry.intent)?.outcomes.add(entry.outcome);
    }
  }
  return found;
}

/** Whether a line is one of the entries, or an outcome of one; without parsing all of it. */
function isOf(numbers: ReadonlySet<number>, line: string): boolean {
  const [, seq] = /^\{"seq":(\d+),/.exec(line) ?? [];
  const [, intent] = /^(\d+)/.exec(line.slice(line.lastIndexOf('"intent":') + 9)) ?? [];
  return numbers.has(Number(seq)) || numbers.has(Number(intent));
}
