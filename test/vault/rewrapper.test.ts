import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock, type Clock } from '../../src/clock.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import type { RedisServers } from '../../src/redis/redis.js';
import { CardVault } from '../../src/vault/card-vault.js';
import type { FileKeyProvider } from '../../src/vault/file-key-provider.js';
import { changeKey, rotateKeys } from '../../src/vault/key-changes.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import { pinKeys } from '../../src/vault/key-pins.js';
import type { KeyProvider } from '../../src/vault/key-provider.js';
import { plainSeal } from '../../src/vault/plain-seal.js';
import { RedisTokenStore } from '../../src/vault/redis-token-store.js';
import { RewrapLedger } from '../../src/vault/rewrap-ledger.js';
import { Rewrapper } from '../../src/vault/rewrapper.js';
import { countByVersion, nodesSealingWith } from '../../src/vault/sealed-rows.js';
import { MemoryAudit } from '../support/audit.js';
import { cardRequest } from '../support/card-request.js';
import { openKeys } from '../support/keys.js';
import { startTestRedis, untilReady, type TestRedis } from '../support/redis.js';
import { until } from '../support/service.js';

const CREATED = '2026-11-21T00:00:00.000Z';
/** Seconds pass in some hundredths. */
const quick: Clock = { ...systemClock, after: (ms, task) => systemClock.after(ms / 40, task) };

let server: TestRedis;
let redis: RedisClient;
let dir: string;
let path: string;
let count = 0;
const running: { stop(): unknown }[] = [];
beforeAll(async () => {
  server = await startTestRedis();
  redis = await server.client();
  dir = await mkdtemp(join(tmpdir(), 'tw-'));
});
beforeEach(async () => {
  await server.admin.flushall();
  path = join(dir, `keys-${count++}.json`);
  await createKeyFile(path, CREATED);
});
afterEach(async () => {
  for (const part of running.splice(0)) await part.stop();
});
afterAll(async () => {
  await server.stop();
  await rm(dir, { recursive: true, force: true });
});

interface Node {
  keys: FileKeyProvider;
  vault: CardVault;
  audit: MemoryAudit;
  rewrapper: Rewrapper;
}

/** A node of the service: its own connection, keys, vault and rewrapper. */
async function newNode(name: string, log = silentLogger): Promise<Node> {
  const client = await server.client();
  const keys = await openKeys(path, { clock: quick, log });
  const metrics = createMetrics();
  const store = new RedisTokenStore({ redis: client, clock: systemClock, log });
  const vault = new CardVault({ keys, store, clock: systemClock, ttlDays: 15, metrics, log });
  const audit = new MemoryAudit();
  const rewrapper = new Rewrapper({ redis: client, keys, node: name, audit, clock: quick, log, metrics });
  running.push(rewrapper, keys);
  return { keys, vault, audit, rewrapper };
}

function follow({ keys, rewrapper }: Node): void {
  keys.start((checks) => pinKeys(redis, checks, silentLogger));
  rewrapper.start();
}

async function fill({ vault }: Pick<Node, 'vault'>, rows: number): Promise<string[]> {
  const views = await Promise.all(
    Array.from({ length: rows }, (_, i) => vault.tokenize(cardRequest(i % 256))),
  );
  return views.map(({ token }) => token);
}

/** A client as it is, to change a part of. */
function passedOn(client: RedisClient): RedisServers {
  return {
    ready: true,
    watch: (listener) => client.watch(listener),
    close: () => client.close(),
    masters: () => client.masters(),
    command: (...args) => client.command(...args),
    commandBuffer: (...args) => client.commandBuffer(...args),
    run: (...args) => client.run(...args),
  };
}

const versions = async () => Object.fromEntries(await countByVersion(redis, () => {}));
const ledger = () => new RewrapLedger(redis);
const isDone = async (target: string) => {
  const progress = await ledger().read();
  return progress.target === target && progress.done === progress.round;
};

describe('a rotation', () => {
  it('A40: under puts and reads on two nodes brings every card along, and fails none', async () => {
    const [one, two] = [await newNode('one'), await newNode('two')];
    const given = await fill(one, 60);
    [one, two].forEach(follow);
    const over = new AbortController();
    let reads = 0;
    const failures: unknown[] = [];
    const work = async ({ vault }: Node, bucket: number): Promise<void> => {
      while (!over.signal.aborted) {
        try {
          given.push((await vault.tokenize(cardRequest(bucket))).token);
          const token = given[Math.floor(Math.random() * given.length)] ?? '';
          if ((await vault.token('shop', token)) === null) failures.push(token);
          reads++;
          await new Promise((resolve) => setTimeout(resolve, 30));
        } catch (error) {
          failures.push(error);
        }
      }
    };
    const workers = Array.from({ length: 4 }, (_, i) => work(i % 2 === 0 ? one : two, i));
    try {
      await until(() => reads > 20);
      for (const target of ['k2', 'k3']) {
        await rotateKeys(path, plainSeal, CREATED);
        await until(() => isDone(target), 30_000);
      }
    } finally {
      over.abort();
      await Promise.all(workers);
    }
    expect(failures).toEqual([]);
    const found = await Promise.all(given.map((token) => one.vault.token('shop', token)));
    expect(found.map((view) => view?.token)).toEqual(given);
    await ledger().request('k3');
    await until(() => isDone('k3'));
    expect(await versions()).toEqual({ k3: given.length });
  }, 60_000);

  it('changes a row in its wrapped key alone, and no end of it', async () => {
    const node = await newNode('one');
    await fill(node, 1);
    const [row = ''] = await server.admin.keys('tw:v:*:s:*');
    const before = await server.admin.hgetallBuffer(row);
    const end = await server.admin.pexpiretime(row);
    follow(node);
    await rotateKeys(path, plainSeal, CREATED);
    await until(() => isDone('k2'));
    const after = await server.admin.hgetallBuffer(row);
    expect(after).toEqual({ ...before, k: Buffer.from('k2'), w: expect.any(Buffer) });
    expect(after['w']).not.toEqual(before['w']);
    expect(await server.admin.pexpiretime(row)).toBe(end);
  });

  it('is work for one node at a time', async () => {
    const names: string[] = [];
    const nodes: Node[] = [];
    for (const name of ['one', 'two', 'three']) {
      const log = {
        ...silentLogger,
        info: (_: object, message: string) => void names.push(`${name}: ${message}`),
      };
      nodes.push(await newNode(name, log));
    }
    await fill(await newNode('writer'), 50);
    await rotateKeys(path, plainSeal, CREATED);
    nodes.forEach(follow);
    await until(() => isDone('k2'));
    const passes = names.filter((line) => line.endsWith('cards were rewrapped: looking again for more'));
    expect(passes.length).toBeGreaterThanOrEqual(1);
    expect((await versions())['k1']).toBeUndefined();
    // Each of them may ask for another round, of which the last finds nothing to do.
    await until(async () => {
      const { done, round, scanned, rewrapped, raced, failed } = await ledger().read();
      return done === round && [scanned, rewrapped, raced, failed].join() === '50,0,0,0';
    });
  });

  it('asks nothing of a Redis that has no older cards', async () => {
    const node = await newNode('one');
    follow(node);
    await until(async () => (await nodesSealingWith(redis, 'k1')) === 1);
    expect(await ledger().read()).toMatchObject({ target: null, round: 0 });
  });
});

it('a rotation is told to the audit trail when it begins and when it ends, not card by card', async () => {
  const node = await newNode('one');
  await fill(node, 30);
  follow(node);
  await rotateKeys(path, plainSeal, CREATED);
  await until(() => isDone('k2'));
  await until(() => node.audit.told.length === 4);
  expect(node.audit.told.map(([type, , resource]) => `${type} ${resource}`)).toEqual([
    'key.rewrap to k2: begun',
    'key.rewrap to k2: 30 cards seen, 30 rewrapped, 0 failed',
    'key.rewrap to k2: begun',
    'key.rewrap to k2: 30 cards seen, 0 rewrapped, 0 failed',
  ]);
});

describe('a node that is behind', () => {
  it('works for no version that it has not', async () => {
    const behind = await newNode('behind');
    await fill(behind, 5);
    await ledger().request('k2');
    behind.rewrapper.start();
    await until(async () => (await nodesSealingWith(redis, 'k1')) === 1);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await ledger().read()).toMatchObject({ target: 'k2', round: 1, pass: 0, done: 0 });
    expect(await versions()).toEqual({ k1: 5 });
  });

  it('A40: has what it sealed meanwhile rewrapped once it has caught up', async () => {
    const [behind, ahead] = [await newNode('behind'), await newNode('ahead')];
    behind.rewrapper.start();
    await until(async () => (await nodesSealingWith(redis, 'k1')) === 1);
    await fill(behind, 5);
    await rotateKeys(path, plainSeal, CREATED);
    follow(ahead);
    await until(() => isDone('k2'));
    await fill(behind, 3);
    expect(await versions()).toEqual({ k1: 3, k2: 5 });
    expect(await nodesSealingWith(redis, 'k1')).toBe(1);
    behind.keys.start(() => Promise.resolve());
    await until(async () => (await versions())['k1'] === undefined);
    expect(await versions()).toEqual({ k2: 8 });
  });
});

describe('a rotation that is cut off', () => {
  /** A Redis that is lost for good once it has done so much. */
  function mortal(client: RedisClient, runs: number, died: () => void): RedisServers {
    let left = runs;
    return {
      ...passedOn(client),
      async run(script, keys, args) {
        if (script.name === 'rewrap-row' && left-- <= 0) {
          await client.close();
          died();
        }
        return client.run(script, keys, args);
      },
    };
  }

  /** Tells where every walk over a server is. */
  function spied(client: RedisClient, tell: (cursor: unknown) => void): RedisServers {
    return {
      ...passedOn(client),
      masters: () =>
        client.masters().map((node) => ({
          command: (name, ...args) => {
            if (name === 'SCAN') tell(args[0]);
            return node.command(name, ...args);
          },
        })),
    };
  }

  it('A40: by a kill goes on on another node where it was, not from the start', async () => {
    const dying = await newNode('dying');
    await fill(dying, 300);
    await rotateKeys(path, plainSeal, CREATED);
    const rotated = await openKeys(path);
    const audit = new MemoryAudit();
    const shared = { keys: rotated, audit, clock: quick, log: silentLogger, metrics: createMetrics() };
    let dead = false;
    const last = mortal(await server.client(), 130, () => (dead = true));
    const first = new Rewrapper({ ...shared, redis: last, node: 'dying' });
    running.push(first);
    first.start();
    await until(() => dead);
    const half = await versions();
    expect(half['k2']).toBeGreaterThanOrEqual(64);
    expect(half['k1']).toBeGreaterThan(0);
    // Its lease runs out.
    await server.admin.del('tw:{vault-rewrap}:lease');

    const heir = await server.client();
    const cursors: unknown[] = [];
    const second = new Rewrapper({
      ...{ ...shared, redis: spied(heir, (cursor) => cursors.push(cursor)), node: 'heir' },
    });
    running.push(second);
    second.start();
    await until(() => isDone('k2'));
    expect(cursors[0]).not.toBe('0');
    expect(await versions()).toEqual({ k2: 300 });
  });

  it('A40: by Redis, which is killed, starts over and ends', async () => {
    const node = await newNode('one');
    const tokens = await fill(node, 300);
    await rotateKeys(path, plainSeal, CREATED);
    follow(node);
    await until(async () => (await ledger().read()).rewrapped > 50);
    server.kill();
    await untilReady(redis, false);
    await untilReady(redis);
    await until(() => isDone('k2').catch(() => false), 30_000);
    expect(await versions()).toEqual({ k2: 300 });
    const found = await Promise.all(tokens.map((token) => node.vault.token('shop', token)));
    expect(found.map((view) => view?.token)).toEqual(tokens);
  }, 60_000);
});

describe('a row', () => {
  it('that is shredded while it is rewrapped stays so', async () => {
    const node = await newNode('one');
    const [token = ''] = await fill(node, 1);
    await rotateKeys(path, plainSeal, CREATED);
    const keys = await openKeys(path);
    const shredding: KeyProvider = {
      ...{ active: keys.active, versions: keys.versions, checks: keys.checks, watch: () => () => {} },
      unwrap: (...args) => keys.unwrap(...args),
      mac: (...args) => keys.mac(...args),
      async wrap(...args) {
        await node.vault.destroy('shop', token);
        return keys.wrap(...args);
      },
    };
    const metrics = createMetrics();
    const rewrapper = new Rewrapper({
      ...{ redis, keys: shredding, node: 'one', audit: new MemoryAudit() },
      ...{ clock: quick, log: silentLogger, metrics },
    });
    running.push(rewrapper);
    rewrapper.start();
    await until(() => isDone('k2'));
    expect(await server.admin.keys('tw:v:*:s:*')).toEqual([]);
    const { values } = await metrics.rewraps.get();
    expect(values).toEqual([{ labels: { outcome: 'raced' }, value: 1 }]);
  });

  it('that does not open is counted, told of, and left as it is', async () => {
    const errors: string[] = [];
    const log = {
      ...silentLogger,
      error: (fields: object, message: string) => void errors.push(`${message} ${JSON.stringify(fields)}`),
    };
    const node = await newNode('one', log);
    await fill(node, 10);
    const [row = '', other = ''] = await server.admin.keys('tw:v:*:s:*');
    await server.admin.hset(row, 'w', Buffer.alloc(60));
    await server.admin.del(other.replace(':s:', ':r:'));
    await rotateKeys(path, plainSeal, CREATED);
    follow(node);
    await until(() => isDone('k2'));
    expect(await ledger().read()).toMatchObject({ scanned: 10, failed: 2 });
    expect(errors).toContain('cards can not be rewrapped: their keys do not open {"version":"k2","count":2}');
    expect((await versions())['k2']).toBe(8);
  });

  it('whose key was destroyed is gone for its token, and the log says why', async () => {
    const warnings: string[] = [];
    const log = {
      ...silentLogger,
      warn: (fields: object, message: string) => void warnings.push(`${message} ${JSON.stringify(fields)}`),
    };
    const [token = ''] = await fill(await newNode('one'), 1);
    await rotateKeys(path, plainSeal, CREATED);
    await changeKey(path, 'retire', 'k1', CREATED);
    await changeKey(path, 'destroy', 'k1', CREATED);
    const { vault } = await newNode('two', log);
    expect(await vault.token('shop', token)).toBeNull();
    expect(warnings).toEqual(['a card can not be opened: its key was destroyed {"version":"k1"}']);
  });
});

it('asks for nothing that its user may not do', async () => {
  expect(await server.admin.acl('LOG')).toEqual([]);
});
