import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildPreload } from './preload.js';

/**
 * The environment in which a Redis server that is killed has lost all of its AOF that was not fsynced, as if the power
 * had been cut. `dir` is the server's folder. Throws as `buildPreload`.
 */
export function powerCut(dir: string): Record<string, string> {
  const notes = join(dir, 'power-cut');
  mkdirSync(notes);
  return {
    LD_PRELOAD: buildPreload('power-cut', dir),
    POWER_CUT_FOLDER: join(dir, 'appendonlydir'),
    POWER_CUT_NOTES: notes,
  };
}
