import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { CaptureView } from '../../src/capture/view.js';
import { copyAppendOnly } from '../../src/redis/append-only.js';
import { canaryCode, canaryNumber, findNeedles, needles, type Needle } from '../support/needles.js';
import { startProgram, type Program } from '../support/program.js';
import { startProvider, type Provider } from '../support/provider.js';
import { RedisFarm, type RedisProcess } from '../support/redis-farm.js';
import { startMonitor, type RedisMonitor } from '../support/redis-monitor.js';
import { freePorts, over, until } from '../support/service.js';

/** Shorter needles are met by chance in ciphertext. */
const SHORTEST = 5;
const PRESS = { onMs: 60, offMs: 60 };
/** Codes that are tried before one is believed to be there by more than chance. */
const MOST_CODES = 3;

let provider: Provider;
let program: Program;
let farm: RedisFarm;
let replica: RedisProcess;
let monitor: RedisMonitor;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tw-copies-'));
  provider = await startProvider({ takes: () => true });
  program = await startProgram({ env: provider.env });
  const { admin } = program.redis;
  for (const [name, value] of [
    ['slowlog-log-slower-than', '0'],
    ['slowlog-max-len', '1000000'],
    // Values then stand in an RDB as they are.
    ['rdbcompression', 'no'],
  ] as const) {
    await admin.config('SET', name, value);
  }
  monitor = await startMonitor(admin);
  const [port = 0, own = 0] = await freePorts(2);
  await admin.config('SET', 'port', port);
  farm = await RedisFarm.begin();
  replica = await farm.redis(own, [
    `replicaof 127.0.0.1 ${port}`,
    `masterauth ${admin.options.password}`,
    'rdbcompression no',
  ]);
  await until(async () => (await replica.admin.info('replication')).includes('link_status:up'));
}, 60_000);
afterAll(async () => {
  monitor.stop();
  await farm.stop();
  await program.stop();
  await provider.close();
  await rm(dir, { recursive: true, force: true });
});

/** Every place to which Redis, or whoever keeps it, copies what it was sent. */
async function copies(): Promise<Record<string, Buffer>> {
  const { admin, dir: redisDir } = program.redis;
  await until(async () => Number(await admin.call('WAIT', 1, 100)) === 1);
  await admin.save();
  const backup = join(dir, 'backup');
  await copyAppendOnly(redisDir, backup);
  return {
    RDB: await readFile(join(redisDir, 'dump.rdb')),
    AOF: await files(join(redisDir, 'appendonlydir')),
    'slow log': Buffer.concat(flat(await admin.callBuffer('SLOWLOG', 'GET', '-1'))),
    MONITOR: monitor.commands(),
    replica: await files(replica.dir),
    backup: await files(backup),
  };
}

async function found(wanted: readonly Needle[]): Promise<Record<string, string[]>> {
  const all = Object.entries(await copies());
  return Object.fromEntries(all.map(([name, bytes]) => [name, [...new Set(findNeedles(bytes, wanted))]]));
}

const NOWHERE = { RDB: [], AOF: [], 'slow log': [], MONITOR: [], replica: [], backup: [] };
const wantedFor = (digits: Uint8Array) => needles(digits).filter(({ bytes }) => bytes.length >= SHORTEST);

it('A17: what a caller keys is in no copy of Redis, amid the capture and after it', async () => {
  const digits = canaryNumber();
  const wanted = wantedFor(digits);
  const { caller } = await program.talk('+33639980001');
  const { body } = await program.api<CaptureView>('POST', '/v1/captures', { call: caller.sid });
  const view = async () => (await program.api<CaptureView>('GET', `/v1/captures/${body.id}`)).body;
  await caller.press(`${digits.join('')}11`, PRESS);
  await until(async () => (await view()).fields[1]?.digits_entered === 2);
  expect(await found(wanted)).toEqual(NOWHERE);
  await caller.press('40', PRESS);
  await until(async () => over(await view()));
  expect(await view()).toMatchObject({ status: 'completed' });
  expect(await found(wanted)).toEqual(NOWHERE);
}, 60_000);

/**
 * Three or four digits alone are met by chance, so a code is looked for behind the expiry, and where no other digit stands
 * beside it. A code that happens to be there says nothing: then others are keyed, and each of them would have to be.
 */
it('A17: a security code that is keyed is in no copy of Redis', async () => {
  const { caller } = await program.talk('+33639980002');
  const kept: string[][] = [];
  while (kept.length < MOST_CODES && kept.every((places) => places.length > 0)) {
    const code = canaryCode(4).join('');
    const money = { outcome: 'charge', amount: 1250, currency: 'EUR', usage: 'once' };
    const { body } = await program.api<CaptureView>('POST', '/v1/captures', { call: caller.sid, ...money });
    const view = async () => (await program.api<CaptureView>('GET', `/v1/captures/${body.id}`)).body;
    await caller.press(`${canaryNumber('378282', 15).join('')}1140`, PRESS);
    await until(async () => (await view()).current_field === 'security-code');
    provider.server.faults.next('slow', { verb: 'authorize' });
    await caller.press(code, PRESS);
    await until(async () => (await view()).status === 'processing');
    const amid = await placesOf(code);
    await until(async () => over(await view()));
    expect(await view()).toMatchObject({ status: 'completed', charge: { status: 'approved' } });
    kept.push([...amid, ...(await placesOf(code))]);
  }
  expect(kept.at(-1)).toEqual([]);
}, 120_000);

it('A17: a code that is written in clear would be seen in each of them', async () => {
  // A number alone would be a number in the RDB too.
  for (const text of ['{"code":"7391"}', 'keyed: 11407391', '\x07\x03\x09\x01']) {
    await program.redis.admin.set('tw:control', text);
    expect(new Set(await placesOf('7391'))).toEqual(new Set(Object.keys(NOWHERE)));
  }
}, 60_000);

it('A17: what is written in clear would be seen in each of them', async () => {
  const digits = canaryNumber();
  await program.redis.admin.set('tw:control', digits.join(''));
  expect(await found([{ name: 'ascii', bytes: Buffer.from(digits.join('')) }])).toEqual(
    Object.fromEntries(Object.keys(NOWHERE).map((name) => [name, ['ascii']])),
  );
}, 30_000);

/** Which copies hold a security code: alone, behind the expiry, or as the bytes that hold keys. */
async function placesOf(code: string): Promise<string[]> {
  const alone = new RegExp(`(?<!\\d)(?:1140)?${code}(?!\\d)`);
  const bytes = Buffer.from(Array.from(code, Number));
  return Object.entries(await copies())
    .filter(([, copy]) => alone.test(copy.toString('latin1')) || copy.includes(bytes))
    .map(([name]) => name);
}

function flat(reply: unknown): Buffer[] {
  if (Array.isArray(reply)) return reply.flatMap(flat);
  return Buffer.isBuffer(reply) ? [reply] : [];
}

async function files(folder: string): Promise<Buffer> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const read = entries
    .filter((entry) => entry.isFile())
    .map((entry) => readFile(join(entry.parentPath, entry.name)));
  return Buffer.concat(await Promise.all(read));
}
