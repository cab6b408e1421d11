import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

/**
 * A copy of all that the process may write to, region by region. It has to be stopped meanwhile, for as long as the
 * copying takes; only its parent, or root, may do this.
 */
export function copyMemory(pid: number): ArrayBuffer[] {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const copies: ArrayBuffer[] = [];
  for (const [, from = '', to = ''] of readFileSync(`/proc/${pid}/maps`, 'utf8').matchAll(
    /^(\w+)-(\w+) rw/gm,
  )) {
    const start = Number.parseInt(from, 16);
    const copy = new ArrayBuffer(Number.parseInt(to, 16) - start);
    for (let at = 0; at < copy.byteLength;) {
      const length = read(memory, new Uint8Array(copy, at), start + at);
      if (length === 0) break; // Some regions of the kernel can't be read.
      at += length;
    }
    copies.push(copy);
  }
  closeSync(memory);
  return copies;
}

function read(memory: number, into: Uint8Array, at: number): number {
  try {
    return readSync(memory, into, 0, into.length, at);
  } catch {
    return 0;
  }
}
