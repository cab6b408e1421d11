import { AppError, codeOf } from '../errors.js';
import type { Logger } from '../log.js';
import type { RedisNodes } from './durability.js';
import type { RedisCommand, RedisReply } from './redis.js';

/** A command that, behind a write on its connection, says how many servers have that write. */
interface Wait {
  command: 'WAIT' | 'WAITAOF';
  /** Sent before it. */
  first?: RedisCommand;
  /** How many must have it, as the command takes them. */
  counts: readonly number[];
  /** The first Redis that knows the command. */
  since: readonly [major: number, minor: number];
}

/**
 * Where a card must be before its token is given out:
 *
 * | level           | is on                                            | outlives                                       |
 * | --------------- | ------------------------------------------------ | ---------------------------------------------- |
 * | `local`         | the primary's disk                               | the process, a power cut; not the disk         |
 * | `replica`       | and in the memory of a replica                   | the primary, if that replica is the next one   |
 * | `replica-fsync` | and on the disk of a replica                     | the same, and a power cut at both              |
 */
export const DURABILITY_LEVELS = ['local', 'replica', 'replica-fsync'] as const;
export type Durability = (typeof DURABILITY_LEVELS)[number];

/** How long a replica may take for each. The caller is on the line, and the write is tried again. */
const WAIT_MS = 250;

const WAITS: Readonly<Record<Durability, Wait | null>> = {
  local: null,
  replica: { command: 'WAIT', counts: [1], since: [3, 0] },
  // A replica that is asked answers at once, for what it has fsynced by then, and again a second later. Asked together
  // with the write it would answer too soon: when it has told that the write came, it has fsynced it, too.
  'replica-fsync': { command: 'WAITAOF', counts: [1, 1], since: [7, 2], first: ['WAIT', 1, WAIT_MS] },
};

/** What to send behind a write, one by one: the last reply counts. Null where the answer to the write says all. */
export function waitOf(level: Durability): readonly RedisCommand[] | null {
  const wait = WAITS[level];
  return wait && [...(wait.first ? [wait.first] : []), [wait.command, ...wait.counts, WAIT_MS]];
}

/** Whether the answer to it means that the level is reached. That there was no error says nothing: the numbers do. */
export function isReached(level: Durability, waited: RedisReply): boolean {
  const got = Array.isArray(waited) ? waited : [waited];
  const needed = WAITS[level]?.counts ?? [];
  return needed.every((count, at) => Number(got[at] ?? 0) >= count);
}

/**
 * Checks that Redis can do what a level asks for. Throws AppError `config_invalid` when it never can; says so in the
 * log when only the replica is away.
 */
export async function checkLevel(redis: RedisNodes, level: Durability, log: Logger): Promise<void> {
  const wait = WAITS[level];
  if (wait === null) return;
  for (const info of await redis.everyNode('INFO', 'server')) {
    const [, version = '', major, minor] = /^redis_version:((\d+)\.(\d+)[\d.]*)/m.exec(String(info)) ?? [];
    if (Number(major) < wait.since[0] || (Number(major) === wait.since[0] && Number(minor) < wait.since[1])) {
      const since = wait.since.join('.');
      throw refusal(`${level} needs ${wait.command}, which came with Redis ${since}: this one is ${version}`);
    }
  }
  try {
    await redis.everyNode(wait.command, ...wait.counts.map(() => 0), 1);
  } catch (error) {
    if (codeOf(error) !== 'internal') throw error;
    throw refusal(`${level} needs ${wait.command}: add +${wait.command.toLowerCase()} to the user's rights`);
  }
  for (const info of await redis.everyNode('INFO', 'replication')) {
    if (!/^connected_slaves:0/m.test(String(info))) continue;
    log.warn({ status: level }, 'no replica of redis is connected: no token is given out until one is');
  }
}

function refusal(what: string): AppError {
  return new AppError('config_invalid', `VAULT_DURABILITY: ${what}`);
}
