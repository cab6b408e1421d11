import { createHmac } from 'node:crypto';
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEntry, type AuditEntry, type AuditNote } from '../../src/audit/audit-entry.js';
import { AuditLog, type AuditLogOptions } from '../../src/audit/audit-log.js';
import type { AuditKeys } from '../../src/audit/chain-key.js';
import { systemClock } from '../../src/clock.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';

/** An audit key that everybody knows. */
export const AUDIT_KEYS: AuditKeys = {
  mac: (_use, merchant, data) =>
    Promise.resolve(createHmac('sha256', 'audit key of the tests').update(merchant).update(data).digest()),
};

export async function newFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'tonewall-audit-'));
}

export function openLog(dir: string, more: Partial<AuditLogOptions> = {}): Promise<AuditLog> {
  return AuditLog.open({
    ...{ dir, keys: AUDIT_KEYS, clock: systemClock, log: silentLogger, metrics: createMetrics() },
    ...more,
  });
}

export function note(resource: string, more: Partial<AuditNote> = {}): AuditNote {
  return {
    ...{ actor: 'crm', type: 'token.read', outcome: 'done', origin: '192.0.2.1', resource, intent: 0 },
    ...more,
  };
}

/** A chain that was closed: `entries` by others, what it says of itself aside. */
export async function writeChain(
  dir: string,
  entries: number,
  more: Partial<AuditLogOptions> = {},
): Promise<void> {
  const log = await openLog(dir, more);
  for (let i = 0; i < entries; i += 100) {
    const batch = Array.from({ length: Math.min(100, entries - i) }, (_, n) => log.append(note(`r${i + n}`)));
    await Promise.all(batch);
  }
  await log.close();
}

/** Every entry of a chain that is read without a check. */
export async function entriesOf(dir: string): Promise<AuditEntry[]> {
  const names = (await readdir(dir)).filter((name) => name.endsWith('.jsonl')).toSorted();
  const texts = await Promise.all(names.map((name) => readFile(join(dir, name), 'latin1')));
  return texts
    .flatMap((text) => text.split('\n'))
    .map(parseEntry)
    .filter((entry) => entry !== null);
}

/** Lets pending work go on until `condition` holds; for ever when it never does. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
