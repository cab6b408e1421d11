import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChargeStore } from '../../src/charge/charge-store.js';
import { systemClock } from '../../src/clock.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import { SimulatedProvider } from '../../src/psp/simulated/simulated-provider.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import { CardVault } from '../../src/vault/card-vault.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import { RedisTokenStore } from '../../src/vault/redis-token-store.js';
import { card } from '../charge/charge-world.js';
import { openKeys } from '../support/keys.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';
import { startRelay, type Relay } from '../support/relay.js';
import type { MakerOrder } from './charge-orders.js';

export const SHOP = 'shop';
/** Tokens that are charged, one after the other. */
export const TOKENS = 64;
const SECRET = 'sk_prove';
const WEBHOOK_SECRET = 'whsec_cHJvdmU=';
/** Longer than a maker may take to send (10 s), and than the provider's `late` fault, which moves money 3 s after its request. */
const GRACE_MS = 15_000;
const ACQUIRER_MS = 50;

/** All that those who make charges find: a Redis with tokens, and a provider behind a port that can be closed. */
export interface Stage {
  readonly dir: string;
  readonly server: TestRedis;
  readonly redis: RedisClient;
  readonly store: ChargeStore;
  readonly vault: CardVault;
  readonly provider: SimulatedProvider;
  readonly way: ProviderWay;
  /** What every maker is told. */
  readonly maker: Omit<MakerOrder, 'jobs' | 'failPoint' | 'failAfter' | 'last'>;
  close(): Promise<void>;
}

export async function openStage(broken: boolean): Promise<Stage> {
  const dir = await mkdtemp(join(tmpdir(), 'tw-charge-'));
  const server = await startTestRedis();
  const provider = await SimulatedProvider.start({
    ...{ secret: SECRET, webhookSecret: WEBHOOK_SECRET, webhookUrl: null, clock: systemClock },
    acquirerMs: ACQUIRER_MS,
  });
  const way = await ProviderWay.open(Number(new URL(provider.url).port));
  const keyFile = join(dir, 'keys.json');
  await createKeyFile(keyFile, new Date(0).toISOString());
  const redis = await server.client({ commandTimeoutMs: 30_000 });
  const shared = { clock: systemClock, log: silentLogger, metrics: createMetrics() };
  const rows = new RedisTokenStore({ redis, ...shared });
  const vault = new CardVault({ keys: await openKeys(keyFile), store: rows, ttlDays: 15, ...shared });
  const tokens = await Promise.all(Array.from({ length: TOKENS }, (_, n) => tokenIn(vault, n)));
  return {
    ...{ dir, server, redis, vault, provider, way },
    store: new ChargeStore({ redis, durability: 'local', clock: systemClock }),
    maker: {
      ...{ redisUrl: server.url, keyFile, pspUrl: way.url, pspSecret: SECRET, pspCa: provider.ca },
      ...{ webhookSecret: WEBHOOK_SECRET, graceMs: GRACE_MS, tokens, broken },
    },
    async close() {
      await way.close();
      await provider.close();
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function tokenIn(vault: CardVault, bucket: number): Promise<string> {
  const { token } = await vault.tokenize({
    ...{ merchant: SHOP, bucket, card: card(), purpose: 'single', usage: 'many', consent: null },
    ...{ networks: null, network: null, channel: 'moto_attended', metadata: {}, stored: null },
    ...{ announce: () => ({ events: [], writes: [] }) },
  });
  return token;
}

/** A port that leads to the provider, or is closed. */
export class ProviderWay {
  readonly #target: number;
  #relay: Relay;

  private constructor(relay: Relay, target: number) {
    this.#relay = relay;
    this.#target = target;
    relay.target = target;
  }

  static async open(target: number): Promise<ProviderWay> {
    return new ProviderWay(await startRelay(), target);
  }

  get url(): string {
    return `https://127.0.0.1:${this.#relay.port}`;
  }

  close(): Promise<void> {
    return this.#relay.close();
  }

  async reopen(): Promise<void> {
    this.#relay = await startRelay(this.#relay.port);
    this.#relay.target = this.#target;
  }
}
