import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Brand } from '../../src/card/brands.js';
import type { CardSecret } from '../../src/card/card.js';
import { systemClock, type Clock } from '../../src/clock.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import { outboxKey } from '../../src/redis/keys.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import { Secret } from '../../src/secret.js';
import { CardVault } from '../../src/vault/card-vault.js';
import { parseRecord, recordText } from '../../src/vault/card-record.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import { pinKeys } from '../../src/vault/key-pins.js';
import type { KeyProvider } from '../../src/vault/key-provider.js';
import { RedisTokenStore } from '../../src/vault/redis-token-store.js';
import type { TokenizeRequest, TokenView } from '../../src/vault/vault.js';
import { openKeys } from '../support/keys.js';
import { canaryNumber, findNeedles, needles } from '../support/needles.js';
import { startTestRedis, untilReady, type TestRedis } from '../support/redis.js';

let server: TestRedis;
let redis: RedisClient;
let keys: KeyProvider;
let keyDir: string;
beforeAll(async () => {
  server = await startTestRedis();
  redis = await server.client({ commandTimeoutMs: 300 });
  keyDir = await mkdtemp(join(tmpdir(), 'tw-'));
  await createKeyFile(join(keyDir, 'keys.json'), '2026-11-21T00:00:00.000Z');
  keys = await openKeys(join(keyDir, 'keys.json'));
});
afterAll(async () => {
  await server.stop();
  await rm(keyDir, { recursive: true, force: true });
});

function vaultOn(options: { clock?: Clock; patienceMs?: number } = {}): CardVault {
  const { clock = systemClock, patienceMs = 4_000 } = options;
  const store = new RedisTokenStore({ redis, clock, log: silentLogger, patienceMs });
  return new CardVault({ keys, store, clock, ttlDays: 15, metrics: createMetrics(), log: silentLogger });
}

function request(
  number: Uint8Array,
  more: Partial<TokenizeRequest> = {},
  brand: Brand = 'visa',
): TokenizeRequest {
  const card: CardSecret = { brand, number: Secret.of(number), expMonth: 12, expYear: 2034 };
  return {
    merchant: 'shop',
    bucket: 0xa3,
    card,
    networks: null,
    network: null,
    purpose: 'single',
    usage: 'many',
    stored: null,
    consent: null,
    channel: 'moto_attended',
    metadata: {},
    announce: ({ token }) => ({ events: [JSON.stringify({ token })], writes: [] }),
    ...more,
  };
}

const unavailable = { code: 'vault_unavailable', message: 'the vault is not available; try again' };

describe('a token', () => {
  it('stands for a card of which only the outside is shown', async () => {
    const clock = { ...systemClock, now: () => Date.UTC(2026, 10, 21) };
    const vault = vaultOn({ clock });
    const number = canaryNumber('424242');
    const view = await vault.tokenize(request(number));
    expect(view).toEqual({
      token: expect.stringMatching(/^tnw_[0-9A-HJKMNP-TV-Z]{26}$/),
      card: {
        brand: 'visa',
        bin: '424242',
        last4: number.subarray(12).join(''),
        exp_month: 12,
        exp_year: 2034,
        networks: null,
        chosen_network: null,
      },
      fingerprint: expect.stringMatching(/^fpr_[0-9A-HJKMNP-TV-Z]{26}$/),
      purpose: 'single',
      usage: 'many',
      channel: 'moto_attended',
      created_at: '2026-11-21T00:00:00.000Z',
      expires_at: '2026-12-06T00:00:00.000Z',
    });
    expect(await vault.token('shop', view.token)).toEqual(view);
    expect(await server.admin.lrange(outboxKey('{shop.a3}'), -1, -1)).toEqual([
      JSON.stringify({ token: view.token }),
    ]);
  });

  it('costs two waits for Redis', async () => {
    const vault = vaultOn();
    await vault.tokenize(request(canaryNumber()));
    const run = redis.run.bind(redis);
    const steps: string[] = [];
    redis.run = async (script, keys, args) => {
      steps.push(script.name);
      const reply = await run(script, keys, args);
      steps.push('answer');
      return reply;
    };
    await vault.tokenize(request(canaryNumber())).finally(() => (redis.run = run));
    expect(steps).toEqual(['vault-alias', 'vault-now', 'answer', 'answer', 'vault-put', 'answer']);
  });

  it('of a short number shows no BIN', async () => {
    const vault = vaultOn();
    const view = await vault.tokenize(request(canaryNumber('362272', 14), {}, 'diners'));
    expect(view.card.bin).toBeNull();
    expect(await vault.token('shop', view.token)).toEqual(view);
  });

  it('is found however it is typed, and by its merchant alone', async () => {
    const vault = vaultOn();
    const { token } = await vault.tokenize(request(canaryNumber()));
    const typed = token.toLowerCase().replaceAll('1', 'l').replaceAll('0', 'o');
    expect(await vault.token('shop', typed)).toMatchObject({ token });
    expect(await vault.token('shed', token)).toBeNull();
    expect(await vault.token('shop', `${token.slice(0, -1)}${token.endsWith('G') ? 'M' : 'G'}`)).toBeNull();
    for (const other of ['', 'tnw_', 'tnw_*', `${token}0`, token.replace('tnw_', 'fpr_')]) {
      expect(await vault.token('shop', other)).toBeNull();
      expect(await vault.destroy('shop', other)).toBe(false);
    }
  });

  it('is gone once destroyed', async () => {
    const vault = vaultOn();
    const { token } = await vault.tokenize(request(canaryNumber()));
    expect(await vault.destroy('shed', token)).toBe(false);
    expect(await vault.destroy('shop', token)).toBe(true);
    expect(await vault.token('shop', token)).toBeNull();
    expect(await vault.destroy('shop', token)).toBe(false);
  });

  it('is gone at its end, even when Redis is late', async () => {
    let now = Date.now();
    const vault = vaultOn({ clock: { ...systemClock, now: () => now } });
    const { token, expires_at } = await vault.tokenize(request(canaryNumber()));
    now = Date.parse(expires_at) - 1;
    expect(await vault.token('shop', token)).not.toBeNull();
    now += 1;
    expect(await vault.token('shop', token)).toBeNull();
  });
});

describe('a fingerprint', () => {
  it('is one for the same card of one merchant, behind tokens of their own', async () => {
    const vault = vaultOn();
    const number = canaryNumber();
    const first = await vault.tokenize(request(number));
    const second = await vault.tokenize(request(number, { bucket: 7, purpose: 'saved' }));
    expect(second.fingerprint).toBe(first.fingerprint);
    expect(second.token).not.toBe(first.token);
    const elsewhere = await vault.tokenize(request(number, { merchant: 'shed' }));
    expect(elsewhere.fingerprint).not.toBe(first.fingerprint);
    const other = await vault.tokenize(request(canaryNumber()));
    expect(other.fingerprint).not.toBe(first.fingerprint);
  });

  it('is one when the same card comes many times at once', async () => {
    const vault = vaultOn();
    const number = canaryNumber();
    const views = await Promise.all(
      Array.from({ length: 20 }, (_, bucket) => vault.tokenize(request(number, { bucket }))),
    );
    expect(new Set(views.map((view) => view.fingerprint)).size).toBe(1);
    expect(new Set(views.map((view) => view.token)).size).toBe(20);
  });
});

describe('a row that somebody changed', () => {
  async function rowOf(number: Uint8Array): Promise<{ view: TokenView; sealed: string; record: string }> {
    const merchant = `m${randomBytes(6).toString('hex')}`;
    const view = await vaultOn().tokenize(request(number, { merchant }));
    const [key = ''] = await server.admin.keys(`tw:v:{${merchant}.a3}:s:*`);
    return { view: { ...view, merchant } as TokenView, sealed: key, record: key.replace(':s:', ':r:') };
  }
  const merchantOf = (view: TokenView) => (view as TokenView & { merchant: string }).merchant;

  it.each(['w', 'b'])('in its field %s does not open', async (field) => {
    const { view, sealed } = await rowOf(canaryNumber());
    const bytes = (await server.admin.hgetBuffer(sealed, field)) ?? Buffer.alloc(1);
    bytes.writeUInt8(bytes.readUInt8(20) ^ 1, 20);
    await server.admin.hset(sealed, field, bytes);
    await expect(vaultOn().token(merchantOf(view), view.token)).rejects.toMatchObject(unavailable);
  });

  it.each([
    ['layout', {}, { v: '1' }],
    ['key version', {}, { k: 'k2' }],
    ['end', { expires: 2_000_000_000 }, {}],
    ['purpose', { purpose: 'saved' as const }, {}],
    ['usage', { usage: 'once' as const }, {}],
    ['brand', { brand: 'jcb' as const }, {}],
    ['last four', { last4: '1881' }, {}],
    ['expiry', { exp_month: 11 }, {}],
    ['fingerprint', { fingerprint: 'fpr_0' }, {}],
    ['channel', { channel: 'ecommerce' as const }, {}],
    ['beginning', { created: 1_700_000_000_000 }, {}],
    ['durability', { durability: 'replica-fsync' as const }, {}],
    ['consent', { consent: { at: '2026-11-21T00:00:00Z', wording: 'v1' } }, {}],
    ['metadata', { metadata: { order: 'A-2' } }, {}],
  ])('in its %s does not open', async (_, members, fields) => {
    const { view, sealed, record } = await rowOf(canaryNumber());
    const was = parseRecord((await server.admin.get(record)) ?? '');
    await server.admin.set(record, recordText({ ...was, ...members }));
    if (Object.keys(fields).length > 0) await server.admin.hset(sealed, fields);
    await expect(vaultOn().token(merchantOf(view), view.token)).rejects.toMatchObject(unavailable);
  });

  it('into one that is no record does not open', async () => {
    const { view, record } = await rowOf(canaryNumber());
    await server.admin.set(record, '{"brand":"visa"}');
    await expect(vaultOn().token(merchantOf(view), view.token)).rejects.toMatchObject(unavailable);
  });

  it('for the row of another token does not open', async () => {
    const mine = await rowOf(canaryNumber());
    const other = await rowOf(canaryNumber());
    await server.admin.copy(other.sealed, mine.sealed, 'REPLACE');
    await expect(vaultOn().token(merchantOf(mine.view), mine.view.token)).rejects.toMatchObject(unavailable);
  });
});

describe('Redis going away', () => {
  it('stopped: no token within the patience, and the next one once it answers', async () => {
    const vault = vaultOn({ patienceMs: 400 });
    server.pause();
    const number = canaryNumber();
    const error: unknown = await vault.tokenize(request(number)).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ ...unavailable, retryAfter: 5 });
    server.resume();
    await untilReady(redis);
    await vault.tokenize(request(number));
  });

  it('killed again and again: every token that was given out is there', async () => {
    const vault = vaultOn();
    const given: string[] = [];
    let refused = 0;
    const stop = new AbortController();
    const writer = async (bucket: number): Promise<void> => {
      while (!stop.signal.aborted) {
        try {
          given.push((await vault.tokenize(request(canaryNumber(), { merchant: 'kill', bucket }))).token);
        } catch {
          refused++;
        }
      }
    };
    const writers = Array.from({ length: 12 }, (_, bucket) => writer(bucket));
    for (let kill = 0; kill < 6; kill++) {
      const enough = given.length + 60;
      while (given.length < enough) await new Promise(setImmediate);
      server.kill();
      await untilReady(redis, false);
      await untilReady(redis);
    }
    stop.abort();
    await Promise.all(writers);
    const found = await Promise.all(given.map((token) => vault.token('kill', token)));
    expect(found.filter((view) => view === null)).toHaveLength(0);
    expect(given.length).toBeGreaterThan(300);
    expect(refused).toBe(0);
    const events = await Promise.all(
      Array.from({ length: 12 }, (_, bucket) =>
        server.admin.lrange(outboxKey(`{kill.0${bucket.toString(16)}}`), 0, -1),
      ),
    );
    expect(events.flat()).toHaveLength(given.length);
  });

  it('with a wrong type under the outbox: no token', async () => {
    await server.admin.set(outboxKey('{shop.ee}'), 'text');
    await expect(vaultOn().tokenize(request(canaryNumber(), { bucket: 0xee }))).rejects.toMatchObject(
      unavailable,
    );
  });
});

describe('what Redis holds', () => {
  async function files(): Promise<Buffer[]> {
    const found: Buffer[] = [];
    for (const folder of [server.dir, join(server.dir, 'appendonlydir')]) {
      for (const entry of await readdir(folder, { withFileTypes: true })) {
        if (entry.isFile()) found.push(await readFile(join(folder, entry.name)));
      }
    }
    return found;
  }

  /** Files as commands and, after a rewrite, as a snapshot; keys and values. */
  async function everything(): Promise<Buffer[]> {
    const parts = await files();
    await server.admin.call('BGREWRITEAOF');
    while (/aof_rewrite_(in_progress|scheduled):1/.test(await server.admin.info('persistence'))) {
      await new Promise(setImmediate);
    }
    parts.push(...(await files()));
    for (const key of await server.admin.keys('*')) {
      parts.push(Buffer.from(key), (await server.admin.dumpBuffer(key)) ?? Buffer.alloc(0));
    }
    return parts;
  }

  it('has no card number in any encoding, in files, keys or values', async () => {
    const vault = vaultOn();
    const numbers = [canaryNumber('424242'), canaryNumber('378282', 15), canaryNumber('620000', 19)];
    for (const number of numbers) {
      const { token } = await vault.tokenize(request(number));
      await vault.token('shop', token);
      await vault.destroy('shop', token);
      await vault.tokenize(request(number, { purpose: 'saved' }));
    }
    const held = await everything();
    for (const number of numbers) {
      const wanted = needles(number);
      expect(held.flatMap((part) => findNeedles(part, wanted))).toEqual([]);
    }
  });

  it('would show one: the search finds a number that was left there', async () => {
    const number = canaryNumber();
    const wanted = needles(number);
    await server.admin.set('tw:leak', Buffer.from(number).toString('hex'));
    const found = (await everything()).flatMap((part) => findNeedles(part, wanted));
    expect(found).toContain('hex of digit bytes');
    await server.admin.del('tw:leak');
  });

  it('tells no token from its keys', async () => {
    const { token } = await vaultOn().tokenize(request(canaryNumber(), { merchant: 'quiet' }));
    const names = await server.admin.keys('*');
    expect(names.filter((name) => name.includes(token.slice(4)))).toEqual([]);
  });
});

describe('key pins', () => {
  it('accept the keys that filled a Redis, and refuse others of the same name', async () => {
    await pinKeys(redis, keys.checks, silentLogger);
    await pinKeys(redis, keys.checks, silentLogger);
    await createKeyFile(join(keyDir, 'others.json'), '2026-11-21T00:00:00.000Z');
    const others = await openKeys(join(keyDir, 'others.json'));
    await expect(pinKeys(redis, others.checks, silentLogger)).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('key k1 is not the one that this Redis was filled with'),
    });
  });
});

it('the vault asks for nothing that its user may not do', async () => {
  expect(await server.admin.acl('LOG')).toEqual([]);
});
