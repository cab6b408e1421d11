import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AuditLog } from '../../src/audit/audit-log.js';
import { ChainShipper, type ChainShipperOptions } from '../../src/audit/chain-shipper.js';
import { readHead } from '../../src/audit/segment.js';
import { verifyChain } from '../../src/audit/verify-chain.js';
import { systemClock } from '../../src/clock.js';
import { silentLogger, type LogFields } from '../../src/log.js';
import { startLogStore, type LogStore } from '../support/log-store.js';
import { ManualClock } from '../support/manual-clock.js';
import { AUDIT_KEYS, newFolder, note, openLog, until } from './chains.js';

let dir: string;
let store: LogStore;
let log: AuditLog;
beforeEach(async () => {
  dir = await newFolder();
  store = await startLogStore(join(dir, 'store'));
  log = await openLog(join(dir, 'chain'));
});
afterEach(async () => {
  await log.close();
  await store.close();
  await rm(dir, { recursive: true });
});

describe('what is shipped', () => {
  it('is the chain as it is, one file for each batch, and can be verified without the machine', async () => {
    await append(3);
    await ship();
    await append(2);
    await ship();
    expect(store.requests).toEqual([
      `PUT /trail/${log.chain}/0000000001.jsonl Bearer secret`,
      `PUT /trail/${log.chain}/0000000001.jsonl Bearer secret`,
      `PUT /trail/${log.chain}/0000000006.jsonl Bearer secret`,
    ]);
    expect(await arrived()).toBe(await written());
    expect(await verifyShipped()).toMatchObject({ fault: null, head: log.head, macs: true });
  });

  it('goes in batches that fit into memory, over all segments, those of an earlier process too', async () => {
    await append(2_500);
    await log.close();
    log = await openLog(join(dir, 'chain'), { segmentBytes: 100_000 });
    await append(400);
    await append(1);
    await ship();
    const names = await store.names(log.chain);
    const sizes = await Promise.all(names.map(async (name) => (await store.text(log.chain, name)).length));
    expect(names.length).toBeGreaterThan(2);
    expect(Math.max(...sizes)).toBeLessThan(512 * 1024 + 2_048);
    expect(await verifyShipped()).toMatchObject({ fault: null, head: log.head });
  });

  it('A44: is found wanting when something is gone, or is another thing than was sent', async () => {
    for (const count of [3, 2, 4]) {
      await append(count);
      await ship();
    }
    const [, second = ''] = await store.names(log.chain);
    const path = join(store.dir, log.chain, second);
    const text = await readFile(path, 'latin1');
    await rm(path);
    expect((await verifyShipped()).fault).toMatchObject({
      seq: 6,
      what: expect.stringMatching(/^is missing/),
    });
    await writeFile(path, text.replace('"r1"', '"rX"'));
    expect((await verifyShipped()).fault).toMatchObject({
      seq: 7,
      what: expect.stringMatching(/^was changed/),
    });
    await writeFile(path, text);
    const known = [{ seq: 11, hash: 'a'.repeat(64) }];
    expect((await verifyShipped(known)).fault).toMatchObject({
      seq: 11,
      what: expect.stringMatching(/^is not the one/),
    });
    expect((await verifyShipped([{ seq: 99, hash: '' }])).fault).toMatchObject({
      seq: 12,
      what: expect.stringMatching(/^is missing/),
    });
  });
});

describe('a receiver', () => {
  it('that is away holds nobody up: what it lacks is counted, and tried again ever more seldom', async () => {
    const clock = new ManualClock();
    const lags: number[] = [];
    const warned: LogFields[] = [];
    const logger = { ...silentLogger, warn: (fields: LogFields) => void warned.push(fields) };
    store.temper = 'refuses';
    const shipper = shipperOf({ clock, logger, lag: (entries) => void lags.push(entries) });
    shipper.start();
    for (const [tries, pause] of [1_000, 2_000, 4_000].entries()) {
      await until(() => clock.waiting > 0);
      clock.advance(pause - 1);
      await append(1);
      expect(store.requests).toHaveLength(tries + 1);
      clock.advance(1);
    }
    await until(() => clock.waiting > 0);
    expect(lags.at(-1)).toBe(5);
    expect(warned.at(-1)).toEqual({ code: '503', count: 5 });
    store.temper = 'good';
    clock.advance(8_000);
    await until(() => lags.at(-1) === 0);
    await shipper.stop();
    expect(await verifyShipped()).toMatchObject({ fault: null, head: log.head });
  });

  it('that got more than it could say gets the same again, and need not take it', async () => {
    await append(3);
    store.temper = 'loses answers';
    await ship();
    store.temper = 'good';
    // Another process, which has more to send by now.
    await append(5);
    await ship();
    expect(await store.names(log.chain)).toEqual(['0000000001.jsonl', '0000000006.jsonl']);
    expect(await arrived()).toBe(await written());
  });

  it('that never answers holds the end of a process up for seconds, not longer', async () => {
    const clock = new ManualClock();
    store.temper = 'hangs';
    const shipper = shipperOf({ clock });
    shipper.start();
    await until(() => store.requests.length === 1);
    const stopped = shipper.stop();
    clock.advance(3_000);
    await stopped;
    expect(store.requests).toHaveLength(1);
  });

  it('gets a new chain beside the old one, when that was put aside', async () => {
    await append(3);
    const clock = new ManualClock();
    const shipper = shipperOf({ clock });
    shipper.start();
    await until(() => clock.waiting > 0);
    const old = log.chain;
    await log.close();
    await rm(join(dir, 'chain'), { recursive: true });
    log = await openLog(join(dir, 'chain'));
    clock.advance(10_000);
    await shipper.stop();
    expect(await store.names(old)).toEqual(['0000000001.jsonl']);
    expect(await verifyShipped()).toMatchObject({ fault: null, head: log.head });
  });
});

/** A process that ships whatever is there by now, and ends. */
async function ship(): Promise<void> {
  await shipperOf().stop();
}

function shipperOf(more: Partial<ChainShipperOptions> = {}): ChainShipper {
  return new ChainShipper({
    ...{ dir: join(dir, 'chain'), url: store.url, token: 'secret' },
    ...{ clock: systemClock, logger: silentLogger, lag: () => {} },
    ...more,
  });
}

/** Entries are on disk a little before the file `head` says so. */
async function append(count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, i) => log.append(note(`r${i}`))));
  while ((await readHead(log.dir))?.seq !== log.head.seq)
    await new Promise((resolve) => setImmediate(resolve));
}

function verifyShipped(known: readonly { seq: number; hash: string }[] = []) {
  return verifyChain(join(store.dir, log.chain), { keys: AUDIT_KEYS, known, shipped: true });
}

async function arrived(): Promise<string> {
  const names = await store.names(log.chain);
  return (await Promise.all(names.map((name) => store.text(log.chain, name)))).join('');
}

function written(): Promise<string> {
  return readFile(join(dir, 'chain/0000000001.jsonl'), 'latin1');
}
