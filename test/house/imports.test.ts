import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const SRC = resolve('src');

/** Floors of the house, from the top. A room may import its own and what is on the floors below. */
const FLOORS: readonly (readonly string[])[] = [
  ['main', 'cli'],
  ['sandbox'],
  ['app'],
  // A door for people, beside the one for programs, whose way of reading bodies it shares.
  ['console'],
  ['http'],
  ['call'],
  ['charge', 'link'],
  ['receipts'],
  ['carrier', 'crm'],
  // What a carrier's short messages are an implementation of.
  ['message'],
  ['flow', 'access', 'fraud'],
  ['capture'],
  ['vault', 'psp'],
  ['audit'],
  ['card', 'recording'],
  ['dsp', 'redis', 'start-checks'],
  ['config', 'metrics'],
  ['provider-settings'],
  ['setting-reader'],
  ['errors', 'log', 'clock', 'id', 'secret', 'base64', 'currency'],
];

/** Rooms that import nothing but what stands here (and themselves). */
const PURE: Readonly<Record<string, readonly string[]>> = {
  dsp: ['secret'],
  card: ['secret'],
  recording: ['dsp', 'errors', 'secret'],
  capture: ['card', 'secret', 'zod'],
};

const BROWSER = ['console/web', 'sandbox/web'].map((path) => path.replaceAll('/', sep));

interface Source {
  path: string;
  room: string;
  text: string;
  imports: string[];
}

const sources = filesIn(SRC)
  .filter((path) => path.endsWith('.ts') && !BROWSER.some((folder) => path.startsWith(folder)))
  .map(readSource);

describe('the house', () => {
  it('has arrows that run down only', () => {
    expect(broken((source, target) => mayImport(source.room, target))).toEqual([]);
  });

  it('keeps the pure rooms pure', () => {
    const wrong = sources.flatMap((source) => {
      const allowed = PURE[source.room];
      if (allowed === undefined) return [];
      return source.imports
        .map((name) => roomOrPackage(source, name))
        .filter((target) => target !== source.room && !allowed.includes(target))
        .map((target) => `${source.path} imports ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  it('lets carriers know no call and no capture', () => {
    expect(broken(({ room }, target) => room !== 'carrier' || !['call', 'capture'].includes(target))).toEqual(
      [],
    );
  });

  it('has no cycles', () => {
    expect(cycles()).toEqual([]);
  });

  it('has no barrels, no utils, no drawers of types and no default exports', () => {
    const wrong = sources.filter(
      ({ path, text }) =>
        /(^|[/\\])(index|utils?|helpers?|types|common)\.ts$/.test(path) ||
        /^export (default|\* from)/m.test(text),
    );
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  it('has two folder levels at most', () => {
    expect(sources.filter(({ path }) => path.split(sep).length > 3).map(({ path }) => path)).toEqual([]);
  });

  it('names its files in kebab-case', () => {
    expect(sources.filter(({ path }) => !/^[a-z0-9/.-]+$/.test(path.replaceAll(sep, '/')))).toEqual([]);
  });

  it('has files of one screen or two', () => {
    const lengths = sources.map(({ text }) => text.split('\n').length).toSorted((a, b) => a - b);
    expect(lengths[Math.floor(lengths.length / 2)]).toBeLessThan(120);
    expect(sources.filter(({ text }) => text.split('\n').length > 400).map(({ path }) => path)).toEqual([]);
  });

  it('reads the environment in main, config and the commands alone', () => {
    const readers = sources.filter(({ text }) => /process\.env/.test(text)).map(({ room }) => room);
    expect(new Set(readers)).toEqual(new Set(['main', 'cli'].filter((room) => readers.includes(room))));
  });

  it('lets app and the rooms on top alone name concrete adapters', () => {
    const adapters =
      /^(call\/redis-|vault\/(file-|redis-)|access\/redis-|carrier\/(twilio|simulated)\/|crm\/redis-|psp\/(stripe\/|simulated)|message\/mail-way|redis\/redis-client)/;
    const wrong = sources.flatMap((source) => {
      if (['app', 'main', 'cli', 'sandbox'].includes(source.room)) return [];
      return source.imports
        .filter((name) => name.startsWith('.'))
        .map((name) => relative(SRC, resolve(SRC, dirname(source.path), name)))
        .filter((target) => adapters.test(target) && dirname(target) !== dirname(source.path))
        .map((target) => `${source.path} imports ${target}`);
    });
    expect(wrong).toEqual([]);
  });
});

function broken(fits: (source: Source, target: string) => boolean): string[] {
  return sources.flatMap((source) =>
    source.imports
      .filter((name) => name.startsWith('.'))
      .map((name) => roomOrPackage(source, name))
      .filter((target) => target !== source.room && !fits(source, target))
      .map((target) => `${source.path} imports ${target}`),
  );
}

function mayImport(from: string, to: string): boolean {
  return floorOf(to) > floorOf(from);
}

function floorOf(room: string): number {
  const floor = FLOORS.findIndex((rooms) => rooms.includes(room));
  if (floor < 0) throw new Error(`${room} is on no floor: give it one in this test`);
  return floor;
}

function roomOrPackage(source: Source, name: string): string {
  return name.startsWith('.') ? roomOf(relative(SRC, resolve(SRC, dirname(source.path), name))) : name;
}

function roomOf(path: string): string {
  return (path.split(sep)[0] ?? '').replace(/\.(ts|js)$/, '');
}

function readSource(path: string): Source {
  const text = readFileSync(join(SRC, path), 'utf8');
  const imports = [...text.matchAll(/(?:^|\n)(?:import|export)\b[^;]*?from '([^']+)'/g)].map(
    (match) => match[1] ?? '',
  );
  const dynamic = [...text.matchAll(/\bimport\('([^']+)'\)/g)].map((match) => match[1] ?? '');
  return { path, room: roomOf(path), text, imports: [...imports, ...dynamic] };
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    statSync(join(folder, path)).isFile(),
  );
}

function cycles(): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) return void found.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
    if (done.has(path)) return;
    const source = byPath.get(path);
    for (const name of source?.imports.filter((name) => name.startsWith('.')) ?? []) {
      visit(relative(SRC, resolve(SRC, dirname(path), name)).replace(/\.js$/, '.ts'), [...trail, path]);
    }
    done.add(path);
  };
  for (const { path } of sources) visit(path, []);
  return found;
}
