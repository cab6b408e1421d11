import { timestamp, type Clock } from '../clock.js';
import { codeOf } from '../errors.js';
import type { Logger } from '../log.js';
import { KEY_PREFIX } from '../redis/keys.js';
import type { Redis } from '../redis/redis.js';
import type { AuditLog } from './audit-log.js';
import type { Head } from './chain-checker.js';
import { headText } from './segment.js';

/** A hash: for each chain by its name, `seq hash time` of its head. */
const HEADS = `${KEY_PREFIX}audit-heads`;

const EVERY_MS = 60_000;
/** Chains of nodes that were, too: one that is missing must show. */
export const MAX_CHAINS = 1_000;

/** The head of a chain as its node left it in Redis. */
export interface LeftHead extends Head {
  chain: string;
  time: string;
}

export async function leftHeads(redis: Redis): Promise<LeftHead[]> {
  const reply = await redis.command('HGETALL', HEADS);
  const items = Array.isArray(reply) ? reply.map(String) : [];
  const heads: LeftHead[] = [];
  for (let i = 0; i < items.length; i += 2) {
    const [chain = '', text = ''] = items.slice(i, i + 2);
    const [, seq, hash = '', time = ''] = /^(\d{10}) ([0-9a-f]{64}) (\S{1,30})$/.exec(text) ?? [];
    if (seq !== undefined) heads.push({ chain, seq: Number(seq), hash, time });
  }
  return heads;
}

export interface CrossedHeadsOptions {
  log: AuditLog;
  redis: Redis;
  clock: Clock;
  logger: Logger;
}

/**
 * Each minute a node leaves the head of its chain in Redis, and writes those of the others into its own: a chain that
 * is cut, written anew or missing as a whole is then missed by the others. A node whose own chain is behind what it
 * left itself stops writing.
 */
export class CrossedHeads {
  readonly #options: CrossedHeadsOptions;
  readonly #noted = new Map<string, number>();
  #cancel = () => {};
  #crossing: Promise<void> | null = null;
  #stopped = false;

  constructor(options: CrossedHeadsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#crossing = this.#cross().finally(() => {
      this.#crossing = null;
      if (!this.#stopped) this.#cancel = this.#options.clock.after(EVERY_MS, () => this.start());
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#crossing;
  }

  async #cross(): Promise<void> {
    const { log, redis, clock, logger } = this.#options;
    if (!redis.ready || !log.ready) return;
    try {
      const own = log.head;
      const left = await leftHeads(redis);
      const before = left.find(({ chain }) => chain === log.chain);
      if (before !== undefined && isBehind(own, before)) {
        return log.spoil(`Redis knows its entry ${before.seq}: the chain was cut, or is an old copy`);
      }
      if (before === undefined && left.length >= MAX_CHAINS) {
        return logger.warn({ count: left.length }, 'too many audit chains: this one is not crossed');
      }
      await redis.command('HSET', HEADS, log.chain, `${headText(own)} ${timestamp(clock.now())}`);
      for (const head of left) if (head !== before) this.#note(head);
    } catch (error) {
      logger.warn({ code: codeOf(error) }, 'heads of the audit chains could not be crossed');
    }
  }

  #note({ chain, ...head }: LeftHead): void {
    if (this.#noted.get(chain) === head.seq) return;
    this.#noted.set(chain, head.seq);
    const resource = `${chain} ${headText(head)}`;
    const type = 'log.crossed';
    this.#options.log.owe({ actor: 'service', type, outcome: 'done', origin: 'redis', resource, intent: 0 });
  }
}

function isBehind(own: Head, left: Head): boolean {
  return own.seq < left.seq || (own.seq === left.seq && own.hash !== left.hash);
}
