import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/**
 * Builds `test/support/NAME.c` into a folder, as a library to preload into a program: gives its path. Throws where
 * there is no C compiler (Debian: gcc), or no Linux.
 */
export function buildPreload(name: string, dir: string): string {
  const library = join(dir, `${name}.so`);
  const source = join(process.cwd(), `test/support/${name}.c`);
  try {
    execFileSync('cc', ['-O2', '-Wall', '-Werror', '-shared', '-fPIC', '-o', library, source, '-ldl'], {
      stdio: 'pipe',
    });
  } catch (cause) {
    throw new Error('a library to preload needs Linux and a C compiler: apt-get install gcc libc6-dev', {
      cause,
    });
  }
  return library;
}
