import { appendFile, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/clock.js';
import { codeOf } from '../../src/errors.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import { BUCKETS, outboxKey, slotTag } from '../../src/redis/keys.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import { CardVault } from '../../src/vault/card-vault.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import { RedisTokenStore } from '../../src/vault/redis-token-store.js';
import { countByVersion } from '../../src/vault/sealed-rows.js';
import type { TokenView } from '../../src/vault/vault.js';
import { openKeys } from '../support/keys.js';
import { powerCut } from '../support/power-cut.js';
import { Random } from '../support/random.js';
import { startTestRedis, untilReady, type TestRedis } from '../support/redis.js';
import { startWriter, type WriterOptions, type Written } from './writer.js';

export interface KillRoundsOptions {
  kills: number;
  /** In all, about. */
  puts: number;
  seed: number;
  /** The round to begin with: what a seed does in a round does not depend on those before. */
  first?: number;
  /** Redis loses what it had not fsynced when it is killed. */
  powerCut?: boolean;
  /** Lines added to redis.conf: to break it on purpose. */
  conf?: readonly string[];
  /** The writer is broken on purpose. */
  hasty?: boolean;
  /** What is killed, in turn. */
  victims?: readonly Victim[];
  told?: (round: number, findings: KillFindings) => void;
}

export const VICTIMS = ['redis', 'writer', 'both'] as const;
export type Victim = (typeof VICTIMS)[number];

export interface KillFindings {
  kills: Record<Victim, number>;
  /** Tokens that were given out. */
  given: number;
  /** Puts that came to nothing, and said so. */
  refused: number;
  /** Tokens given out of which nothing was found, in the round or in the end. */
  lost: number;
  /** Tokens that came back with another card, date or fingerprint. */
  altered: number;
  /** Tokens given out without an event, or with several. */
  miscounted: number;
  /** Sealed cards in the end, and events in all: the same, but for puts that were taken back. */
  rows: number;
  events: number;
}

const SHOP = 'shop';
const LANES = 16;
const READS_AT_ONCE = 256;
/** A kill comes up to so long after the last token that was waited for: at any point of a put. */
const SLACK_MS = 20;

/**
 * Kills a Redis, the process that puts cards into it, or both, again and again and at any moment, and looks after each
 * kill, and once more in the end, for every token that was given out, and for its event.
 */
export async function killRounds(options: KillRoundsOptions): Promise<KillFindings> {
  const dir = await mkdtemp(join(tmpdir(), 'tw-kill-'));
  const redisDir = await mkdtemp(join(tmpdir(), 'tw-'));
  const server = await startTestRedis({
    dir: redisDir,
    conf: options.conf ?? [],
    env: options.powerCut === true ? powerCut(redisDir) : {},
  });
  try {
    const keyFile = join(dir, 'keys.json');
    await createKeyFile(keyFile, new Date(0).toISOString());
    const redis = await server.client({ commandTimeoutMs: 30_000 });
    const shared = { clock: systemClock, log: silentLogger, metrics: createMetrics() };
    const store = new RedisTokenStore({ redis, ...shared });
    const vault = new CardVault({ keys: await openKeys(keyFile), store, ttlDays: 15, ...shared });
    const writer = { redisUrl: server.url, keyFile, lanes: LANES, hasty: options.hasty === true };
    return await new KillRounds(options, { server, redis, vault, writer }, join(dir, 'given')).run();
  } finally {
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

interface Stage {
  server: TestRedis;
  redis: RedisClient;
  vault: CardVault;
  writer: WriterOptions;
}

class KillRounds {
  readonly #options: KillRoundsOptions;
  readonly #stage: Stage;
  /** A file of all tokens that were given out: a million is much to keep in memory. */
  readonly #givenFile: string;
  readonly #findings: KillFindings = {
    kills: { redis: 0, writer: 0, both: 0 },
    ...{ given: 0, refused: 0, lost: 0, altered: 0, miscounted: 0, rows: 0, events: 0 },
  };

  constructor(options: KillRoundsOptions, stage: Stage, givenFile: string) {
    this.#options = options;
    this.#stage = stage;
    this.#givenFile = givenFile;
  }

  async run(): Promise<KillFindings> {
    const { kills, first = 0, seed, told, victims = VICTIMS } = this.#options;
    for (let round = first; round < kills; round++) {
      const random = new Random(seed * 100_003 + round);
      const { given, refused } = await this.#round(victims[round % victims.length] ?? 'both', random);
      await appendFile(this.#givenFile, given.map((line) => `${line}\n`).join(''));
      this.#findings.given += given.length;
      this.#findings.refused += refused ?? 0;
      await this.#check(given);
      told?.(round, this.#findings);
    }
    await this.#checkAll();
    const rows = await countByVersion(this.#stage.redis, () => {});
    this.#findings.rows = [...rows.values()].reduce((sum, count) => sum + count, 0);
    return this.#findings;
  }

  /** Load, a kill at some moment of it, and load again where there is somebody left to make it. */
  async #round(victim: Victim, random: Random): Promise<Written> {
    const { kills, puts } = this.#options;
    const mean = puts / kills;
    const before = Math.ceil(mean * random.between(0.3, victim === 'redis' ? 0.9 : 1.7));
    const writer = startWriter(this.#stage.writer);
    await writer.gave(before);
    await sleep(random.between(0, SLACK_MS));
    this.#findings.kills[victim]++;
    if (victim === 'writer') return writer.kill();
    if (victim === 'both') {
      const [written] = await Promise.all([writer.kill(), this.#killRedis()]);
      return written;
    }
    await this.#killRedis();
    await writer.gave(before + Math.ceil(mean * 0.4));
    return writer.end();
  }

  async #killRedis(): Promise<void> {
    const { redis, server } = this.#stage;
    server.kill();
    await untilReady(redis, false);
    await untilReady(redis);
  }

  /** The tokens of a round, and their events: all are taken off, as the relay would. */
  async #check(given: readonly string[]): Promise<void> {
    const counts = new Map<string, number>();
    for (const event of await this.#takeEvents()) counts.set(event, (counts.get(event) ?? 0) + 1);
    for (const count of counts.values()) this.#findings.events += count;
    for (const line of given) {
      const { token } = JSON.parse(line) as TokenView;
      if (counts.get(token) !== 1) this.#findings.miscounted++;
    }
    await this.#read(given);
  }

  async #takeEvents(): Promise<string[]> {
    const { admin } = this.#stage.server;
    const outboxes = Array.from({ length: BUCKETS }, (_, bucket) => outboxKey(slotTag(SHOP, bucket)));
    const lists = await Promise.all(
      outboxes.map(async (key) => (await admin.multi().lrange(key, 0, -1).del(key).exec())?.[0]?.[1]),
    );
    return (lists as string[][]).flat();
  }

  /** Every token that was given out in any round. What a round found missing is counted once more at most. */
  async #checkAll(): Promise<void> {
    const file = await open(this.#givenFile);
    this.#findings.lost = 0;
    this.#findings.altered = 0;
    let some: string[] = [];
    for await (const line of file.readLines()) {
      some.push(line);
      if (some.length < READS_AT_ONCE) continue;
      await this.#read(some);
      some = [];
    }
    await this.#read(some);
  }

  async #read(given: readonly string[]): Promise<void> {
    for (let at = 0; at < given.length; at += READS_AT_ONCE) {
      await Promise.all(
        given.slice(at, at + READS_AT_ONCE).map(async (line) => {
          const { token } = JSON.parse(line) as TokenView;
          const found = await this.#find(token);
          if (found === null) this.#findings.lost++;
          else if (JSON.stringify(found) !== line) this.#findings.altered++;
        }),
      );
    }
  }

  /** Null as well where the vault would have a caller wait for what another server may still know: there is none. */
  async #find(token: string): Promise<TokenView | null> {
    try {
      return await this.#stage.vault.token(SHOP, token);
    } catch (error) {
      if (codeOf(error) === 'unsettled') return null;
      throw error;
    }
  }
}
