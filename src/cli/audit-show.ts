import { parseEntry, type AuditEntry } from '../audit/audit-entry.js';
import { linesOf, segmentsOf } from '../audit/segment.js';
import type { CommandIo } from './command.js';

/** Which entries, and how. */
export interface Wanted {
  /** As entries write time. */
  since: string | null;
  /** One in full, or what is before the dot. */
  type: string | null;
  actor: string | null;
  json: boolean;
}

/** Writes the entries of a chain, oldest first, as they stand there: whether they are right is not asked. */
export async function showChain(dir: string, wanted: Wanted, { stdout, stderr }: CommandIo): Promise<void> {
  if (!wanted.json) stdout.write(`${dir}\n`);
  let unread = 0;
  for (const segment of await segmentsOf(dir)) {
    for await (const line of linesOf(segment)) {
      if (typeof line !== 'string') continue;
      const entry = parseEntry(line);
      if (entry === null) unread++;
      else if (isWanted(entry, wanted)) stdout.write(wanted.json ? `${line}\n` : shown(entry));
    }
  }
  if (unread > 0) stderr.write(`${unread} lines are no entries: see npx tonewall audit verify\n`);
}

function isWanted({ time, type, actor }: AuditEntry, wanted: Wanted): boolean {
  if (wanted.since !== null && time < wanted.since) return false;
  if (wanted.actor !== null && actor !== wanted.actor) return false;
  return wanted.type === null || type === wanted.type || type.startsWith(`${wanted.type}.`);
}

function shown({ seq, time, actor, type, outcome, origin, resource, intent }: AuditEntry): string {
  const of = intent === 0 ? '' : ` of ${intent}`;
  const who = `${actor} (${origin})`;
  const cells = [
    time,
    String(seq).padStart(8),
    type.padEnd(19),
    `${outcome}${of}`.padEnd(14),
    who.padEnd(28),
  ];
  return `${cells.join('  ')}  ${resource}`.trimEnd() + '\n';
}
