import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildPreload } from './preload.js';

/** A disk that can be made read-only under a Redis server, and writable again. */
export interface ReadOnlyDisk {
  /** The environment that the server needs. */
  readonly env: Readonly<Record<string, string>>;
  set(readOnly: boolean): void;
}

/** `dir` is the server's folder. Throws as `buildPreload`. */
export function readOnlyDisk(dir: string): ReadOnlyDisk {
  const mark = join(dir, 'read-only');
  return {
    env: {
      LD_PRELOAD: buildPreload('read-only-disk', dir),
      READ_ONLY_FOLDER: 'appendonlydir',
      READ_ONLY_WHILE: mark,
    },
    set(readOnly) {
      if (readOnly) writeFileSync(mark, '');
      else rmSync(mark);
    },
  };
}
