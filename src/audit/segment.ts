import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../errors.js';
import { MAX_LINE_BYTES } from './audit-entry.js';
import type { Head } from './chain-checker.js';

const NAME = /^(\d{10})\.jsonl$/;
const NEWLINE = 0x0a;

/** A file of a chain, named for its first entry. */
export interface Segment {
  path: string;
  first: number;
}

export function segmentName(first: number): string {
  return `${String(first).padStart(10, '0')}.jsonl`;
}

/** Oldest first. Rejects with a file system's error. */
export async function segmentsOf(dir: string): Promise<Segment[]> {
  const names = (await readdir(dir)).filter((name) => NAME.test(name)).toSorted();
  return names.map((name) => ({ path: join(dir, name), first: Number(NAME.exec(name)?.[1]) }));
}

/** What lies behind the last end of a line: the entry that a crash cut off, which nobody was told was written. */
export interface Torn {
  torn: number;
}

/** The lines of a segment from a byte on, without their ends. One that is too long to be ours comes cut. */
export async function* linesOf({ path }: Segment, start = 0): AsyncGenerator<string | Torn> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, {
    start,
    highWaterMark: 1 << 18,
  }) as AsyncIterable<Buffer>) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      yield bytes.toString('latin1', from, Math.min(end, from + MAX_LINE_BYTES));
      from = end + 1;
    }
    rest = bytes.subarray(from);
    if (rest.length > MAX_LINE_BYTES) {
      yield rest.toString('latin1', 0, MAX_LINE_BYTES);
      return;
    }
  }
  if (rest.length > 0) yield { torn: rest.length };
}

export const HEAD_FILE = 'head';

/** `seq hash mac` of what is on disk for certain. */
export interface SavedHead extends Head {
  mac: string;
}

/** What the head file says; null when there is none, or it can't be read. */
export async function readHead(dir: string): Promise<SavedHead | null> {
  try {
    const text = await readFile(join(dir, HEAD_FILE), 'latin1');
    const [, seq, hash = '', mac = ''] = /^(\d{10}) ([0-9a-f]{64}) ([0-9a-f]{64})\n$/.exec(text) ?? [];
    return seq === undefined ? null : { seq: Number(seq), hash, mac };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** What the MAC of a head covers. */
export function headText({ seq, hash }: Head): string {
  return `${String(seq).padStart(10, '0')} ${hash}`;
}
