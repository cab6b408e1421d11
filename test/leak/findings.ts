import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findNeedles, needles } from '../support/needles.js';
import type { Program } from '../support/program.js';
import { startMonitor } from '../support/redis-monitor.js';
import type { Tap } from '../support/tap.js';

/** Shorter needles are met by chance in ciphertext and in audio. */
const SHORTEST = 5;

export interface Watch {
  /** Everything that left the service, by the way that it took, searched for these numbers: `WAY: FORM`. */
  findings(canaries: readonly Uint8Array[]): Promise<string[]>;
}

/** Opens everything that shows what the service does, before it does it. */
export async function watchOutlets(program: Program): Promise<Watch> {
  const { admin } = program.redis;
  await admin.config('SET', 'slowlog-log-slower-than', '0');
  await admin.config('SET', 'slowlog-max-len', '1000000');
  // DUMP then shows values as they are.
  await admin.config('SET', 'rdbcompression', 'no');
  const monitor = await startMonitor(admin);
  await program.follow('/console/desk', { 'sec-fetch-site': 'same-origin' });

  return {
    async findings(canaries) {
      const wanted = canaries
        .flatMap((digits) => needles(digits))
        .filter(({ bytes }) => bytes.length >= SHORTEST);
      const outlets: Record<string, Buffer> = {
        log: program.output(),
        'API answers': Buffer.from(program.answers.join('\n')),
        'event streams': Buffer.from(program.streams.join('')),
        'carrier sockets': sent(program.taps.carrier),
        'carrier requests': sent(program.taps.rest),
        'CRM webhooks': sent(program.taps.crm),
        metrics: Buffer.from(await program.metrics()),
        'Redis keys and values': await keysAndValues(program),
        'Redis commands': monitor.commands(),
        'Redis slow log': await slowLog(program),
        'files of Redis': await files(program.redis.dir),
        'files of the service': await files(program.dataDir),
      };
      monitor.stop();
      const empty = Object.keys(outlets).filter((name) => outlets[name]?.length === 0);
      if (empty.length > 0) throw new Error(`nothing was seen of: ${empty.join(', ')}`);
      const refused = (await admin.call('ACL', 'LOG')) as unknown[];
      return [
        ...Object.entries(outlets).flatMap(([outlet, bytes]) =>
          [...new Set(findNeedles(bytes, wanted))].map((name) => `${outlet}: ${name}`),
        ),
        ...refused.map((entry) => `Redis refused: ${String(entry)}`),
      ];
    },
  };
}

function sent(tap: Tap): Buffer {
  return Buffer.concat(tap.connections.map(({ bytes }) => bytes()));
}

async function keysAndValues({ redis: { admin } }: Program): Promise<Buffer> {
  const found: Buffer[] = [];
  let cursor = '0';
  do {
    const [next, keys] = (await admin.callBuffer('SCAN', cursor, 'COUNT', '1000')) as [Buffer, Buffer[]];
    for (const key of keys) found.push(key, ((await admin.callBuffer('DUMP', key)) as Buffer | null) ?? key);
    cursor = next.toString();
  } while (cursor !== '0');
  return Buffer.concat(found);
}

async function slowLog({ redis: { admin } }: Program): Promise<Buffer> {
  const entries = (await admin.callBuffer('SLOWLOG', 'GET', '-1')) as unknown[];
  return Buffer.concat(flat(entries));
}

function flat(reply: unknown): Buffer[] {
  if (Array.isArray(reply)) return reply.flatMap(flat);
  return Buffer.isBuffer(reply) ? [reply] : [];
}

async function files(folder: string): Promise<Buffer> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const read = entries
    .filter((entry) => entry.isFile())
    .map((entry) => readFile(join(entry.parentPath, entry.name)).catch(() => Buffer.alloc(0)));
  return Buffer.concat(await Promise.all(read));
}
