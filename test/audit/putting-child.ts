import { Alerts } from '../../src/audit/alert.js';
import { openAudit } from '../../src/audit/open-audit.js';
import { OutcomeFollower } from '../../src/audit/outcome-follower.js';
import { systemClock } from '../../src/clock.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import { parseRedisUrl } from '../../src/redis/redis-address.js';
import { RedisClient } from '../../src/redis/redis-client.js';
import { AuditedVault } from '../../src/vault/audited-vault.js';
import { CardVault } from '../../src/vault/card-vault.js';
import { RedisTokenStore } from '../../src/vault/redis-token-store.js';
import { cardRequest } from '../support/card-request.js';
import { openKeys } from '../support/keys.js';
import { untilReady } from '../support/redis.js';

/**
 * A vault with its audit trail under the folder of the first argument and its rows in the Redis of the second, which
 * puts cards until it is asked to end, some at a time, and shreds every third. It says a line for each token.
 */
const [dir = '', url = ''] = process.argv.slice(2);
const shared = { clock: systemClock, log: silentLogger, metrics: createMetrics() };
const redis = new RedisClient({ address: parseRedisUrl(url), ...shared });
const keys = await openKeys(`${dir}/keys.json`);
const trail = await openAudit({ dataDir: dir, writer: 'service', keys, ...shared });
const { audit, log } = trail;
const alerts = new Alerts({ audit, ...shared });
const follower = new OutcomeFollower({
  ...{ audit, log, redis, alerts, merchants: ['shop'] },
  ...{ clock: systemClock, logger: silentLogger },
});
const store = new RedisTokenStore({ redis, ...shared });
const vault = new AuditedVault(new CardVault({ keys, store, ttlDays: 15, ...shared }), audit);
await untilReady(redis);
follower.start();

const ending = new AbortController();
process.on('SIGTERM', () => ending.abort());
await Promise.all(Array.from({ length: 8 }, putUntilTheEnd));
await follower.stop();
await trail.close();
process.exit();

async function putUntilTheEnd(_: unknown, lane: number): Promise<void> {
  for (let n = lane; !ending.signal.aborted; n += 8) {
    const { token } = await vault.tokenize(cardRequest(n % 256));
    process.stdout.write('put\n');
    if (n % 3 === 0) await vault.destroy('shop', token);
  }
}
