import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { codeOf, type MemberError } from '../errors.js';
import { YamlSource } from './yaml-source.js';

/** A flow is a page of text: what is larger isn't one. */
export const MAX_FILE_BYTES = 64 * 1024;
/** More than anybody has numbers for. */
export const MAX_FILES = 500;

export interface Folder {
  readonly sources: ReadonlyMap<string, YamlSource>;
  readonly faults: readonly MemberError[];
}

/**
 * The `*.yaml` files of a folder by name, in order. A link is followed as long as it stays in the folder (a mounted
 * volume is made of such links).
 */
export async function readFolder(folder: string): Promise<Folder> {
  const sources = new Map<string, YamlSource>();
  const faults: MemberError[] = [];
  try {
    const root = await realpath(folder);
    const names = (await readdir(root)).filter((name) => name.endsWith('.yaml')).toSorted();
    if (names.length > MAX_FILES) return { sources, faults: [fault(folder, `more than ${MAX_FILES} files`)] };
    for (const name of names) {
      const shown = path.join(folder, name);
      const text = await readTextFile(root, name);
      if (text.ok) sources.set(name, new YamlSource(shown, text.value));
      else faults.push(fault(shown, text.reason));
    }
  } catch (error) {
    faults.push(fault(folder, unreadable(error).reason));
  }
  return { sources, faults };
}

export type Text = { ok: true; value: string } | { ok: false; reason: string };

/** One file of a folder, or why there is none. */
export async function readTextFile(folder: string, name: string): Promise<Text> {
  try {
    return await readText(await realpath(folder), name);
  } catch (error) {
    return unreadable(error);
  }
}

async function readText(root: string, name: string): Promise<Text> {
  const target = await realpath(path.join(root, name));
  if (!target.startsWith(root + path.sep)) {
    return { ok: false, reason: 'is a link that leads out of the folder: put the file itself here' };
  }
  const file = await stat(target);
  if (!file.isFile()) return { ok: false, reason: 'is no file' };
  if (file.size > MAX_FILE_BYTES) return { ok: false, reason: `is larger than ${MAX_FILE_BYTES / 1024} KiB` };
  return { ok: true, value: await readFile(target, 'utf8') };
}

function unreadable(error: unknown): Text & { ok: false } {
  return { ok: false, reason: `can't be read (${codeOf(error)})` };
}

function fault(place: string, message: string): MemberError {
  return { path: place, message };
}
