import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { ENTRY_FIELDS } from '../../src/audit/audit-entry.js';
import { AUDIT_EVENTS, OUTCOMES } from '../../src/audit/audit-event.js';
import { PATTERNS } from '../../src/audit/pattern.js';

const PATH = 'docs/audit.md';

/** The rows of each table, as the code has them. */
const TABLES: Readonly<Record<string, readonly string[]>> = {
  '| member | means |': Object.entries(ENTRY_FIELDS).map(
    ([name, { meaning }]) => `| \`${name}\` | ${meaning} |`,
  ),
  '| outcome | means |': Object.entries(OUTCOMES).map(([name, meaning]) => `| \`${name}\` | ${meaning} |`),
  '| type | kind | PCI DSS | means |': Object.entries(AUDIT_EVENTS).map(
    ([type, { kind, rule, meaning }]) => `| \`${type}\` | ${kind} | ${rule} | ${meaning} |`,
  ),
  '| alert | when |': Object.values(PATTERNS).map(
    ({ alert, types, by, count, minutes }) =>
      `| \`${alert}\` | ${count} within ${minutes} minutes by one ${by === 'actor' ? 'actor' : 'address'} of ${of(types)} |`,
  ),
};

/** A list of types, or what they all are. */
function of(types: readonly string[]): string {
  const operations = Object.values(AUDIT_EVENTS).filter(({ kind }) => kind === 'operation');
  if (types.length === operations.length) return 'any operation, in the quiet hours';
  return types.map((type) => `\`${type}\``).join(', ');
}

describe('docs/audit.md', () => {
  it.each(Object.entries(TABLES))('has the table %s of the code', (heading, rows) => {
    if (process.env['UPDATE_DOCUMENTS'] === '1') update(heading, rows);
    expect(rowsUnder(heading)).toEqual(rows);
  });
});

function rowsUnder(heading: string): string[] {
  const lines = readFileSync(PATH, 'utf8').split('\n');
  const first = lines.indexOf(heading) + 2;
  const end = lines.findIndex((line, at) => at >= first && !line.startsWith('|'));
  return lines.slice(first, end);
}

function update(heading: string, rows: readonly string[]): void {
  const lines = readFileSync(PATH, 'utf8').split('\n');
  const first = lines.indexOf(heading) + 2;
  lines.splice(first, rowsUnder(heading).length, ...rows);
  writeFileSync(PATH, lines.join('\n'));
}
