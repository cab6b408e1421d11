import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

/** The rows of attacks and faults that `docs/vault.md` says were tried. */
const ROWS = [...readFileSync('docs/vault.md', 'utf8').matchAll(/^\| (A\d+) \|/gm)].map(([, row]) => row);

/** The row at the beginning of a test's title. */
const TITLE = /^.*['"`](A\d+): /gm;

const named = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .flatMap((name) => [...readFileSync(join('test', name), 'utf8').matchAll(TITLE)].map(([, row]) => row));

it('there are sixteen rows', () => {
  expect(new Set(ROWS).size).toBe(16);
});

it.each(ROWS)('%s has a test that is named for it', (row) => {
  expect(named).toContain(row);
});
