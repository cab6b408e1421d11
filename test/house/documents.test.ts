import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { REASONS, type FieldError } from '../../src/capture/view.js';
import { SETTING_NAMES } from '../../src/config.js';
import { createMetrics } from '../../src/metrics.js';

const DOCUMENTS = ['README.md', 'SECURITY.md', 'docs/runbook.md', 'docs/vault.md'];
const RUNBOOK = read('docs/runbook.md');

/** What an outsider reads or runs: nothing in it may be of the machine that it was made on. */
const PUBLISHED = [
  ...DOCUMENTS,
  ...['.env.example', 'Dockerfile', 'compose.yaml', 'package.json'],
  ...readdirSync('docs').map((name) => `docs/${name}`),
  ...['deploy/healthcheck.mjs', 'deploy/redis/redis.conf', 'deploy/redis/users.acl.example'],
];

const FIELD_ERRORS = Object.keys({
  timeout: true,
  'invalid-card-number': true,
  'invalid-card-type': true,
  'invalid-date': true,
  'invalid-security-code': true,
  'invalid-postal-code': true,
} satisfies Record<FieldError, true>);

/** Lines that only the sandbox and the simulated carrier write. */
const TOYS = /^src\/(sandbox|carrier\/simulated)\//;

describe('the runbook', () => {
  it('explains every metric', async () => {
    const metrics = await createMetrics().registry.getMetricsAsJSON();
    expect(metrics.length).toBeGreaterThan(10);
    expect(missing(metrics.map(({ name }) => name))).toEqual([]);
  });

  it('explains no metric that is not there', async () => {
    const metrics = await createMetrics().registry.getMetricsAsJSON();
    const named = all(RUNBOOK, /`(tonewall_\w+)`/g);
    expect(named.filter((name) => !metrics.some((metric) => metric.name === name))).toEqual([]);
  });

  it('explains every reason of a capture', () => {
    expect(missing(REASONS, firstCells())).toEqual([]);
  });

  it('explains every error of a field', () => {
    expect(missing(FIELD_ERRORS, firstCells())).toEqual([]);
  });

  it('explains everything that keeps the service from being ready', () => {
    const parts = all(read('src/app.ts'), /\{ path: '(\w+)', message:/g);
    expect(parts).not.toEqual([]);
    expect(missing(parts, firstCells())).toEqual([]);
  });

  it('explains every line of the log from warn on', () => {
    const lines = sources('src')
      .filter((path) => !TOYS.test(path))
      .flatMap((path) => all(read(path), /\.(?:warn|error)\(\s*\{[^}]*\},\s*'([^']+)'/g));
    expect(lines.length).toBeGreaterThan(10);
    expect(missing(lines, firstCells())).toEqual([]);
  });
});

describe('the documents', () => {
  it('name only settings that exist', () => {
    const known = new Set<string>([...SETTING_NAMES, 'REDIS_PASSWORD', 'NODE_OPTIONS', 'NODE_DEBUG']);
    const named = DOCUMENTS.flatMap((path) => all(read(path), /\b([A-Z]{2,}(?:_[A-Z]+[0-9]?)+)\b/g));
    expect(new Set(named).size).toBeGreaterThan(10);
    expect(named.filter((name) => !known.has(name) && name !== 'PASSWORD_SHA256')).toEqual([]);
  });

  it('link to files and headings that exist', () => {
    const links = DOCUMENTS.flatMap((path) =>
      all(read(path), /\]\((?!https?:)([^)\s]+)\)/g).map((link) => ({ path, link })),
    );
    expect(links.length).toBeGreaterThan(10);
    expect(links.filter(({ path, link }) => !leadsSomewhere(path, link))).toEqual([]);
  });

  it('name npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = DOCUMENTS.flatMap((path) => all(read(path), /npm (?:run )?(?!ci\b)([a-z][a-z:]*)/g));
    expect(named).toContain('bench:bridge');
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  it('name commands of the operator that exist', () => {
    const names = sources('src/cli').flatMap((path) => all(read(path), /\bname: '([a-z ]+)'/g));
    const texts = [...DOCUMENTS, '.env.example'].map(read);
    const named = texts.flatMap((text) => all(text, /(?:npx tonewall|cli\/tonewall\.js) ([a-z]+)/g));
    expect(named).toContain('keys');
    expect(named.filter((word) => !names.some((name) => name.split(' ')[0] === word))).toEqual([]);
  });

  it('name no path of a machine', () => {
    const paths = PUBLISHED.flatMap((path) =>
      all(read(path), /((?<![\w.])\/(?:work|home|root|Users|tmp)\/\w+)/g),
    );
    expect(paths).toEqual([]);
  });

  it('have lines that fit', () => {
    const long = DOCUMENTS.flatMap((path) =>
      read(path)
        .split('\n')
        .filter((line) => line.length > 120 && !/^(\||!\[)/.test(line)),
    );
    expect(long).toEqual([]);
  });
});

function missing(names: readonly string[], text = RUNBOOK): string[] {
  return names.filter((name) => !text.includes(`\`${name}\``));
}

/** The first cell of every row: where a word is explained, not merely used. */
function firstCells(): string {
  return all(RUNBOOK, /^\| ([^|]+) \|/gm).join('\n');
}

function leadsSomewhere(from: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? from : join(dirname(from), path);
  if (!existsSync(target)) return false;
  return (
    anchor === undefined ||
    all(read(target), /^#+ (.+)$/gm)
      .map(anchorOf)
      .includes(anchor)
  );
}

/** As the usual renderers of Markdown make it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}

function all(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map((match) => match[1] ?? '');
}

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => `${folder}/${path}`);
}

function read(path: string): string {
  return readFileSync(path, 'utf8');
}
