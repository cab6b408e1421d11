import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { SETTING_NAMES } from '../../src/config.js';

const DOCUMENT = readFileSync('docs/limits.md', 'utf8');
const EXAMPLE = readFileSync('.env.example', 'utf8');
const SOURCE = readFileSync('src/config.ts', 'utf8');

it('docs/limits.md and .env.example have the limits and defaults of the code', () => {
  const limits = SETTING_NAMES.filter((name) => name.startsWith('LIMIT_'));
  const pairs = (text: string, pattern: RegExp) =>
    [...text.matchAll(pattern)].map(([, name, limit]) => `${name} ${limit}`);
  const coded = pairs(SOURCE, /read\.limit\('(LIMIT_\w+)', '([^']+)'\)/g);
  expect(coded.map((pair) => pair.split(' ')[0])).toEqual(limits);
  expect(pairs(DOCUMENT, /^\| `(LIMIT_\w+)` \| `([^`]+)` \|/gm)).toEqual(coded);
  expect(pairs(EXAMPLE, /^# (LIMIT_\w+)=(\S+)$/gm)).toEqual(coded);
});
