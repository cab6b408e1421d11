import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Alerts } from '../../src/audit/alert.js';
import { openAudit } from '../../src/audit/open-audit.js';
import { OutcomeFollower } from '../../src/audit/outcome-follower.js';
import { systemClock } from '../../src/clock.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import { AuditedVault } from '../../src/vault/audited-vault.js';
import { CardVault } from '../../src/vault/card-vault.js';
import type { FileKeyProvider } from '../../src/vault/file-key-provider.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import { RedisTokenStore } from '../../src/vault/redis-token-store.js';
import type { Place, TokenStore } from '../../src/vault/token-store.js';
import type { Vault } from '../../src/vault/vault.js';
import { openKeys } from '../support/keys.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';

/** A vault as the service has it, its keys in a file, its rows in a Redis of its own that fsyncs each write. */
export interface VaultWorld {
  readonly server: TestRedis;
  readonly redis: RedisClient;
  readonly keyFile: string;
  readonly keys: FileKeyProvider;
  readonly vault: Vault;
  /** The same without the audit trail, whose intents are fsynced before every operation. */
  readonly unaudited: Vault;
  readonly store: TokenStore;
  /** Some that were given out. */
  readonly tokens: string[];
  /** Where the first rows were put. */
  readonly places: readonly Place[];
  /** Rows that were put. */
  count(): number;
  close(): Promise<void>;
}

/** A clock, a log and metrics that nobody looks at. */
export const UNSEEN = { clock: systemClock, log: silentLogger, metrics: createMetrics() };

const PLACES_KEPT = 10_000;

export async function startVaultWorld(): Promise<VaultWorld> {
  const server = await startTestRedis();
  const redis = await server.client({ commandTimeoutMs: 10_000 });
  const dir = await mkdtemp(join(tmpdir(), 'tw-bench-'));
  const keyFile = join(dir, 'keys.json');
  await createKeyFile(keyFile, new Date().toISOString());
  const keys = await openKeys(keyFile);
  const store = new RedisTokenStore({ redis, ...UNSEEN });
  const places: Place[] = [];
  let count = 0;
  const noting: TokenStore = {
    durability: store.durability,
    alias: (...args) => store.alias(...args),
    async put(place, ...args) {
      await store.put(place, ...args);
      count++;
      if (places.length < PLACES_KEPT) places.push(place);
    },
    deadline: (place) => store.deadline(place),
    get: (place) => store.get(place),
    destroy: (place) => store.destroy(place),
    opening: (...args) => store.opening(...args),
    remember: (...args) => store.remember(...args),
    unsettled: (place) => store.unsettled(place),
  };
  const unaudited = new CardVault({ keys, store: noting, ttlDays: 15, ...UNSEEN });
  const trail = await openAudit({ dataDir: dir, writer: 'service', keys, ...UNSEEN });
  const { audit, log } = trail;
  const follower = new OutcomeFollower({
    ...{ audit, log, redis, merchants: ['shop'], clock: systemClock, logger: silentLogger },
    alerts: new Alerts({ audit, ...UNSEEN }),
  });
  follower.start();
  return {
    ...{ server, redis, keyFile, keys, store, tokens: [], places },
    count: () => count,
    unaudited,
    vault: new AuditedVault(unaudited, audit),
    async close() {
      await follower.stop();
      await trail.close();
      keys.stop();
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
