import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { AppError } from '../errors.js';

/** A Redis server as a program: what to spawn, and under which name. */
export interface RedisServer {
  file: string;
  /** `redis-check-rdb` is the server when it is called `redis-server`: Debian's redis-tools brings no other. */
  argv0: string;
  /** Added to the environment. */
  env: Readonly<Record<string, string>>;
}

const NAMES = ['redis-server', 'valkey-server', 'redis-check-rdb', 'valkey-check-rdb'];
/** Where `scripts/setup.mjs` unpacks Debian's packages when it may not install them. */
const CACHE = '.cache/redis/usr';

/**
 * The server named by `configured`, on `path`, or in the project's cache, in this order. Throws AppError
 * `config_invalid` with the ways to get one.
 */
export function findRedisServer(search: {
  configured?: string | undefined;
  path: string;
  root: string;
}): RedisServer {
  if (search.configured !== undefined) {
    if (isProgram(search.configured)) return server(search.configured);
    throw new AppError('config_invalid', 'REDIS_SERVER names no program; for instance /usr/bin/redis-server');
  }
  for (const name of NAMES) {
    for (const folder of search.path.split(delimiter)) {
      const file = join(folder, name);
      if (folder !== '' && isProgram(file)) return server(file);
    }
  }
  const cache = join(search.root, CACHE);
  const cached = join(cache, 'bin/redis-check-rdb');
  if (isProgram(cached)) {
    const libraries = ['x86_64', 'aarch64'].map((cpu) => join(cache, `lib/${cpu}-linux-gnu`));
    return { ...server(cached), env: { LD_LIBRARY_PATH: libraries.join(':') } };
  }
  throw new AppError(
    'config_invalid',
    'no Redis server found: set REDIS_URL, or install one with `apt-get install redis-tools`, `brew install valkey` or `npm start` as root',
  );
}

function server(file: string): RedisServer {
  return { file, argv0: file.includes('valkey') ? 'valkey-server' : 'redis-server', env: {} };
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
