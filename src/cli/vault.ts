import { systemClock } from '../clock.js';
import { silentLogger } from '../log.js';
import { createMetrics } from '../metrics.js';
import { RedisTokenStore } from '../vault/redis-token-store.js';
import { Sweeper } from '../vault/sweeper.js';
import { FAULT_NAMES, FAULTS, seen, seenText } from '../vault/vault-inspector.js';
import type { Command, CommandIo } from './command.js';
import { withOperatorTrail } from './operator-trail.js';
import { Progress } from './progress.js';
import { withServiceRedis } from './service-redis.js';
import { table } from './table.js';

const USAGE = 'usage: npx tonewall vault sweep\n';

export const vault: Command = {
  name: 'vault',
  summary: 'proves that nothing in the vault outlives its date',
  help: `
${USAGE}
  sweep   looks at everything that the vault keeps: that it has an end, the one that it was sealed with, and that
          nothing is past it. What is past its date is shredded, and told; so is whatever else should not be there.
          Says as well how many cards a payment provider keeps, and how many of them it is still to forget

The service does this by itself every SWEEP_HOURS. Works on the Redis of REDIS_URL, or the private one under DATA_DIR
while the service runs, with the keys of VAULT_KEY_FILE. What it found is an entry of the audit trail under DATA_DIR.

Exit codes: 0 nothing was found, 1 something was, or it could not be done, 2 wrong usage.

example: npx tonewall vault sweep`,
  run(args, io) {
    if (args.length === 1 && args[0] === 'sweep') return sweep(io);
    io.stderr.write(USAGE);
    return Promise.resolve(2);
  },
};

async function sweep(io: CommandIo): Promise<number> {
  const progress = new Progress(io.stderr);
  const shared = { clock: systemClock, log: silentLogger, metrics: createMetrics() };
  let looked = 0;
  const findings = await withServiceRedis(io, (redis) =>
    withOperatorTrail(io, async (audit, keys) => {
      const store = new RedisTokenStore({ redis, ...shared });
      const worker = `operator-${process.pid}`;
      try {
        const sweeper = new Sweeper({ redis, store, keys, audit, worker, everyHours: 0, ...shared });
        return await sweeper.sweep((step) => {
          looked += seen(step);
          progress.show(() => `${looked.toLocaleString('en')} looked at …`);
        });
      } finally {
        store.close();
      }
    }),
  );
  progress.clear();
  io.stdout.write(`${seenText(findings)}.\n`);
  const faults = FAULT_NAMES.filter((fault) => findings[fault] > 0);
  if (faults.length === 0) {
    io.stdout.write('Each of them has its end, and nothing is past it.\n');
    return 0;
  }
  const rows = faults.map((fault) => [fault, String(findings[fault]), FAULTS[fault]]);
  io.stdout.write(`\n${table(['found', 'count', 'means'], rows)}`);
  return 1;
}
