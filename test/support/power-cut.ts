import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The environment in which a Redis server that is killed has lost all of its AOF that was not fsynced, as if the power
 * had been cut. `dir` is the server's folder. Throws where there is no C compiler (Debian: gcc), or no Linux.
 */
export function powerCut(dir: string): Record<string, string> {
  const library = join(dir, 'power-cut.so');
  const notes = join(dir, 'power-cut');
  const source = join(process.cwd(), 'test/support/power-cut.c');
  try {
    execFileSync('cc', ['-O2', '-Wall', '-Werror', '-shared', '-fPIC', '-o', library, source, '-ldl'], {
      stdio: 'pipe',
    });
  } catch (cause) {
    throw new Error('power cuts need Linux and a C compiler: apt-get install gcc libc6-dev', { cause });
  }
  mkdirSync(notes);
  return {
    LD_PRELOAD: library,
    POWER_CUT_FOLDER: join(dir, 'appendonlydir'),
    POWER_CUT_NOTES: notes,
  };
}
