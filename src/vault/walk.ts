import type { Clock } from '../clock.js';
import type { RedisNode, RedisServers } from '../redis/redis.js';
import { scan } from './sealed-rows.js';
import { Throttle } from './throttle.js';
import { END, type WalkLedger } from './walk-ledger.js';

export interface WalkOptions {
  redis: RedisServers;
  ledger: WalkLedger;
  /** Who holds the lease. */
  worker: string;
  clock: Clock;
  /** Of the keys. */
  pattern: string;
  /** Asked before each step. */
  goesOn: () => boolean;
  /** Deals with some keys of a server; gives what is to be counted. May be asked for the same ones again. */
  visit: (server: RedisNode, keys: readonly string[]) => Promise<Readonly<Record<string, number>>>;
}

/** The lease is prolonged this often: it lasts some times as long. */
const PROLONG_MS = 2_000;

/**
 * Visits the keys of all servers, from where the ledger says, beside the calls: as much at a time as leaves Redis quick.
 * False when it was stopped, or lost its lease, before its end.
 */
export async function walk(options: WalkOptions): Promise<boolean> {
  const throttle = new Throttle();
  for (const server of options.redis.masters()) {
    if (!(await walkServer(options, server, throttle))) return false;
  }
  return true;
}

async function walkServer(options: WalkOptions, server: RedisNode, throttle: Throttle): Promise<boolean> {
  const { clock, ledger, pattern, worker, goesOn, visit } = options;
  const run = await runOf(server);
  let prolonged = clock.monotonic();
  let cursor = await ledger.cursor(run);
  while (cursor !== END) {
    if (!goesOn()) return false;
    if (clock.monotonic() - prolonged > PROLONG_MS) {
      if (!(await ledger.lease(worker))) return false;
      prolonged = clock.monotonic();
    }
    const began = clock.monotonic();
    const step = await scan(server, cursor, pattern, throttle.batch);
    const latency = clock.monotonic() - began;
    const counts = await visit(server, step.keys);
    cursor = step.cursor === '0' ? END : step.cursor;
    const rest = throttle.rest(clock.monotonic() - began, latency);
    await Promise.all([ledger.advance(run, cursor, counts), pause(clock, rest)]);
  }
  return true;
}

/** A server's id of its present run. */
async function runOf(server: RedisNode): Promise<string> {
  return /run_id:(\w+)/.exec(String(await server.command('INFO', 'server')))?.[1] ?? '';
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}
