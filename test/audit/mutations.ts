import { readdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A chain's files by name, in memory. */
export type Files = Map<string, Buffer>;

export async function filesOf(dir: string): Promise<Files> {
  const names = (await readdir(dir)).filter((name) => name === 'head' || name.endsWith('.jsonl'));
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(dir, name))] as const)),
  );
}

/** What somebody may do to a chain, each by a source of numbers from 0 to 1. */
type Mutation = (files: Files, other: Files, random: () => number) => string;

const pick = (from: readonly string[], random: () => number): string =>
  from[Math.floor(random() * from.length)] ?? '';

const segments = (files: Files): string[] => [...files.keys()].filter((name) => name !== 'head').toSorted();

function lines(files: Files, random: () => number) {
  const name = pick(segments(files), random);
  const all = (files.get(name) ?? Buffer.alloc(0)).toString('latin1').split('\n').slice(0, -1);
  const put = (changed: readonly string[]): void => {
    files.set(name, Buffer.from(changed.map((line) => `${line}\n`).join(''), 'latin1'));
  };
  return { name, all, put };
}

export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'flip a bit': (files, _other, random) => {
    const name = pick([...files.keys()], random);
    const bytes = Buffer.from(files.get(name) ?? []);
    const at = Math.floor(random() * bytes.length);
    const bit = Math.floor(random() * 8);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
    files.set(name, bytes);
    return `${name} byte ${at} bit ${bit}`;
  },
  'drop a line': (files, _other, random) => {
    const { name, all, put } = lines(files, random);
    const at = Math.floor(random() * all.length);
    put(all.toSpliced(at, 1));
    return `${name} line ${at}`;
  },
  'double a line': (files, _other, random) => {
    const { name, all, put } = lines(files, random);
    const at = Math.floor(random() * all.length);
    put(all.toSpliced(at, 0, all[at] ?? ''));
    return `${name} line ${at}`;
  },
  'swap two lines': (files, _other, random) => {
    const { name, all, put } = lines(files, random);
    const at = Math.floor(random() * (all.length - 1));
    const to = at + 1 + Math.floor(random() * (all.length - at - 1));
    put(all.with(at, all[to] ?? '').with(to, all[at] ?? ''));
    return `${name} lines ${at} and ${to}`;
  },
  'splice in lines of another chain': (files, other, random) => {
    const { name, all, put } = lines(files, random);
    const theirs = (other.get(name) ?? Buffer.alloc(0)).toString('latin1').split('\n').slice(0, -1);
    const at = Math.floor(random() * Math.min(all.length, theirs.length));
    const count = 1 + Math.floor(random() * (theirs.length - at));
    put(all.toSpliced(at, count, ...theirs.slice(at, at + count)));
    return `${name} line ${at}, ${count} of them`;
  },
  'put in a file of another chain': (files, other, random) => {
    const name = pick([...segments(files), 'head'], random);
    files.set(name, other.get(name) ?? Buffer.alloc(0));
    return name;
  },
  'cut the end off': (files, _other, random) => {
    const name = pick(segments(files), random);
    const bytes = files.get(name) ?? Buffer.alloc(0);
    const at = Math.floor(random() * bytes.length);
    files.set(name, bytes.subarray(0, at));
    return `${name} at ${at}`;
  },
  'cut whole lines off the end': (files, _other, random) => {
    const { all, put } = lines(files, random);
    const at = Math.floor(random() * all.length);
    put(all.slice(0, at));
    return `line ${at}`;
  },
  'take a file away': (files, _other, random) => {
    const name = pick([...files.keys()], random);
    files.delete(name);
    return name;
  },
  'add bytes': (files, _other, random) => {
    const name = pick(segments(files), random);
    const bytes = files.get(name) ?? Buffer.alloc(0);
    const at = Math.floor(random() * bytes.length);
    const more = Buffer.from(pick(['\n', ' ', '0', '{}\n', ',"x":1'], random));
    files.set(name, Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)]));
    return `${name} at ${at}`;
  },
};

/** Writes files in the place of what a folder held. */
export async function putFiles(dir: string, files: Files): Promise<void> {
  for (const name of await readdir(dir)) await unlink(join(dir, name));
  for (const [name, bytes] of files) await writeFile(join(dir, name), bytes);
}
