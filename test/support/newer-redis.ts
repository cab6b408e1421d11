import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findRedisServer, type RedisServer } from '../../src/redis/redis-server.js';

/** Where `npm test` unpacks a server on Debian 12, whose own has no WAITAOF. */
const CACHED = '.cache/valkey/usr/bin/valkey-check-rdb';

/**
 * A Redis 7.2 or a Valkey, or newer: the one that `NEWER_REDIS_SERVER` names, one in the project's cache, or the
 * ordinary one; null when there is none.
 */
export function findNewerRedis(): RedisServer | null {
  const path = process.env['PATH'] ?? '';
  const root = process.cwd();
  const ordinary = findRedisServer({ configured: process.env['REDIS_SERVER'], path, root });
  const cached = existsSync(join(root, CACHED)) ? join(root, CACHED) : undefined;
  const configured = process.env['NEWER_REDIS_SERVER'] ?? cached;
  if (configured === undefined) return knowsWaitAof(ordinary) ? ordinary : null;
  // The libraries that one needs are those of the other.
  return { ...findRedisServer({ configured, path, root }), env: ordinary.env };
}

function knowsWaitAof({ file, argv0, env }: RedisServer): boolean {
  const options = { argv0, env: { ...process.env, ...env }, encoding: 'utf8' } as const;
  const { stdout } = spawnSync(file, ['--version'], options);
  const [, major, minor] = / v=(\d+)\.(\d+)/.exec(stdout) ?? [];
  return Number(major) + Number(minor) / 10 >= 7.2;
}
