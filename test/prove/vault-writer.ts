import { randomInt } from 'node:crypto';
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/clock.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import { parseRedisUrl } from '../../src/redis/redis-address.js';
import { RedisClient } from '../../src/redis/redis-client.js';
import { CardVault } from '../../src/vault/card-vault.js';
import { RedisTokenStore } from '../../src/vault/redis-token-store.js';
import type { TokenView } from '../../src/vault/vault.js';
import { cardRequest } from '../support/card-request.js';
import { openKeys } from '../support/keys.js';
import { untilReady } from '../support/redis.js';

/**
 * A process that puts cards, on so many lanes at once, until its standard input ends. Each token that it is given goes
 * to standard output at once, a line of JSON; the last line is the number of puts that were refused. `HASTY=yes` breaks
 * it on purpose: it gives tokens out before they are written.
 */

/** Writes some time after it could: no kill would come between a token and its write in one step of the event loop. */
class LateStore extends RedisTokenStore {
  override async put(...args: Parameters<RedisTokenStore['put']>): Promise<void> {
    await sleep(randomInt(200));
    return super.put(...args);
  }
}

const { REDIS_URL = '', VAULT_KEY_FILE = '', LANES = '16', HASTY } = process.env;
const STDOUT = 1;

const metrics = createMetrics();
const shared = { clock: systemClock, log: silentLogger, metrics };
const redis = new RedisClient({ address: parseRedisUrl(REDIS_URL), ...shared });
const store = new (HASTY === 'yes' ? LateStore : RedisTokenStore)({ redis, ...shared });
const vault = new CardVault({ keys: await openKeys(VAULT_KEY_FILE), store, ttlDays: 15, ...shared });
await untilReady(redis);

const over = new AbortController();
process.stdin.on('end', () => over.abort()).resume();
const refusals = await Promise.all(Array.from({ length: Number(LANES) }, (_, lane) => putUntilOver(lane)));
writeSync(STDOUT, `${refusals.reduce((sum, refused) => sum + refused, 0)}\n`);
process.exit();

/** Gives how often it was refused. */
async function putUntilOver(lane: number): Promise<number> {
  let refused = 0;
  for (let n = lane; !over.signal.aborted; n += Number(LANES)) {
    const announce = (view: TokenView) => {
      if (HASTY === 'yes') giveOut(view);
      return { events: [view.token], writes: [] };
    };
    try {
      const view = await vault.tokenize({ ...cardRequest(n % 256), announce });
      if (HASTY !== 'yes') giveOut(view);
    } catch {
      refused++;
    }
  }
  return refused;
}

/** In one step of the kernel: what was given out is read, whatever becomes of this process. */
function giveOut(view: TokenView): void {
  writeSync(STDOUT, `${JSON.stringify(view)}\n`);
}
