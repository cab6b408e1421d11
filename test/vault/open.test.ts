import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/clock.js';
import { silentLogger } from '../../src/log.js';
import { newId } from '../../src/id.js';
import { createMetrics } from '../../src/metrics.js';
import { Secret } from '../../src/secret.js';
import { parseRecord } from '../../src/vault/card-record.js';
import { CardVault } from '../../src/vault/card-vault.js';
import { aadOf, bindingOf, newDataKey, sealCard } from '../../src/vault/envelope.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import type { KeyProvider } from '../../src/vault/key-provider.js';
import { RedisTokenStore } from '../../src/vault/redis-token-store.js';
import { sealBin } from '../../src/vault/sealed-text.js';
import type { Behind, TokenizeRequest } from '../../src/vault/vault.js';
import { cardRequest } from '../support/card-request.js';
import { openKeys } from '../support/keys.js';
import { canaryNumber, findNeedles, needles } from '../support/needles.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';

const STORED = { provider: 'stripe', reference: 'pm_1PqZ' };
const DAY_MS = 86_400_000;

let server: TestRedis;
let store: RedisTokenStore;
let keys: KeyProvider;
let keyDir: string;
let now = Date.UTC(2026, 10, 21);
const clock = { ...systemClock, now: () => now };
let vault: CardVault;
beforeAll(async () => {
  server = await startTestRedis();
  keyDir = await mkdtemp(join(tmpdir(), 'tw-'));
  await createKeyFile(join(keyDir, 'keys.json'), '2026-11-21T00:00:00.000Z');
  keys = await openKeys(join(keyDir, 'keys.json'));
  const shared = { clock, log: silentLogger, metrics: createMetrics() };
  store = new RedisTokenStore({ redis: await server.client(), ...shared });
  vault = new CardVault({ keys, store, ttlDays: 15, ...shared });
});
afterAll(async () => {
  await server.stop();
  await rm(keyDir, { recursive: true, force: true });
});

async function given(more: Partial<TokenizeRequest> = {}): Promise<string> {
  return (await vault.tokenize({ ...cardRequest(0xa3), ...more })).token;
}

/** What is behind a token, digits as text; the card itself is wiped by then. */
async function behind(token: string): Promise<unknown> {
  return vault.open('shop', token, ({ instrument, ...rest }) =>
    Promise.resolve({
      ...rest,
      instrument:
        instrument.kind === 'stored'
          ? instrument
          : {
              ...instrument,
              card: { ...instrument.card, number: instrument.card.number.reveal().join('') },
            },
    }),
  );
}

describe('behind a token', () => {
  it('is its card, for as long as it is used', async () => {
    const number = canaryNumber('424242');
    const card = { brand: 'visa' as const, number: Secret.of(number), expMonth: 12, expYear: 2034 };
    const view = await vault.tokenize({ ...cardRequest(0xa3), card });
    let used: Behind | undefined;
    const answer = await vault.open('shop', view.token.toLowerCase(), (it) => {
      used = it;
      const { instrument } = it;
      expect(instrument.kind === 'card' && [...instrument.card.number.reveal()]).toEqual([...number]);
      return Promise.resolve('approved');
    });
    expect(answer).toBe('approved');
    expect(used).toEqual({
      token: view,
      instrument: {
        kind: 'card',
        card: { brand: 'visa', number: expect.any(Secret), expMonth: 12, expYear: 2034 },
      },
      networkTransactionId: null,
    });
    expect(used?.instrument.kind === 'card' && used.instrument.card.number.length).toBe(0);
  });

  it('is wiped when its use fails, and the failure told', async () => {
    const token = await given();
    let used: Behind | undefined;
    const use = (it: Behind): Promise<never> => {
      used = it;
      return Promise.reject(new RangeError('mine'));
    };
    await expect(vault.open('shop', token, use)).rejects.toThrow(RangeError);
    expect(used?.instrument.kind === 'card' && used.instrument.card.number.length).toBe(0);
  });

  it('is nothing of another merchant’s, nor once it was destroyed', async () => {
    const token = await given();
    const use = () => Promise.reject(new Error('not to be used'));
    expect(await vault.open('shed', token, use)).toBeNull();
    await vault.destroy('shop', token);
    expect(await vault.open('shop', token, use)).toBeNull();
    expect(await vault.open('shop', 'tnw_', use)).toBeNull();
  });

  it('is opened ten times an hour at the most', async () => {
    const token = await given({ bucket: 0x01 });
    const other = await given({ bucket: 0x01 });
    for (let n = 0; n < 10; n++) expect(await behind(token)).not.toBeNull();
    await expect(behind(token)).rejects.toMatchObject({
      code: 'too_many_charges',
      message: 'a token can be charged 10 times an hour: try again later',
      retryAfter: expect.any(Number),
    });
    expect(await behind(other)).not.toBeNull();
    const [count = ''] = (await server.admin.keys('tw:v:{shop.01}:n:*')).toSorted();
    const left = await server.admin.ttl(count);
    expect(left > 3_590 && left <= 3_600).toBe(true);
    await server.admin.del(await server.admin.keys('tw:v:{shop.01}:n:*'));
    expect(await behind(token)).not.toBeNull();
  });
});

describe('a first payment', () => {
  it('is remembered by the name that the network gave it, once', async () => {
    const token = await given();
    await vault.remember('shop', token, 'MCC0001234567');
    await vault.remember('shop', token, 'MCC9999999999');
    expect(await behind(token)).toMatchObject({ networkTransactionId: 'MCC0001234567' });
    expect(await vault.token('shop', token)).toMatchObject({ token });
  });

  it('of a token that is not there is not', async () => {
    const token = await given({ bucket: 0x02 });
    await vault.destroy('shop', token);
    await vault.remember('shop', token, 'MCC0001234567');
    expect(await server.admin.keys('tw:v:{shop.02}:s:*')).toEqual([]);
  });

  it('has a name that is one', async () => {
    await expect(vault.remember('shop', await given(), 'two words')).rejects.toMatchObject({
      code: 'vault_unavailable',
    });
  });
});

describe('a token that can be charged once', () => {
  it('says so, and can be destroyed by whoever charges it', async () => {
    const token = await given({ usage: 'once', purpose: 'single' });
    const charged = await vault.open('shop', token, ({ token: { usage } }) =>
      usage === 'once' ? vault.destroy('shop', token) : Promise.resolve(false),
    );
    expect(charged).toBe(true);
    expect(await vault.token('shop', token)).toBeNull();
  });
});

describe('a token for disputes', () => {
  it('outlives its card, and is never opened', async () => {
    const card = { ...cardRequest(0).card, expMonth: 11, expYear: 2026 };
    const token = await given({ purpose: 'dispute', card });
    const shown = await vault.token('shop', token);
    expect(shown?.expires_at).toBe(new Date(now + 400 * DAY_MS).toISOString());
    await expect(behind(token)).rejects.toMatchObject({ code: 'token_closed' });
    now += 60 * DAY_MS;
    expect(await vault.token('shop', token)).toEqual(shown);
    now -= 60 * DAY_MS;
  });
});

describe('a card that was typed on a page', () => {
  const typed = { brand: 'visa', last4: '4242', expMonth: 12, expYear: 2034, provider: 'stripe' } as const;
  const page = (fingerprint: string | null, more: Partial<TokenizeRequest> = {}) =>
    vault.tokenize({
      ...{ ...cardRequest(0xa4), channel: 'ecommerce', stored: STORED },
      ...{ card: { ...typed, fingerprint }, networkTransactionId: 'ntid_1', ...more },
    });

  it('stands behind its token by its name at the provider, with that of its first payment', async () => {
    const view = await page('fp_1', { networks: ['cartes_bancaires', 'visa'] });
    expect(view).toMatchObject({
      card: {
        ...{ brand: 'visa', bin: null, last4: '4242', exp_month: 12, exp_year: 2034 },
        ...{ networks: ['cartes_bancaires', 'visa'], chosen_network: null },
      },
      ...{ channel: 'ecommerce', purpose: 'saved', expires_at: '2035-01-02T12:00:00.000Z' },
    });
    expect(await vault.token('shop', view.token)).toEqual(view);
    expect(await behind(view.token)).toEqual({
      ...{ token: view, instrument: { kind: 'stored', ...STORED }, networkTransactionId: 'ntid_1' },
    });
  });

  it('that nobody keeps has a record, and a token that opens nothing', async () => {
    const { token, fingerprint } = await page('fp_2', { bucket: 0xa5, stored: null, usage: 'once' });
    expect(await vault.token('shop', token)).toBeNull();
    expect(await behind(token)).toBeNull();
    const keys = await server.admin.keys('tw:v:{shop.a5}:*');
    expect(keys).toEqual([expect.stringContaining(':r:')]);
    expect(parseRecord((await server.admin.get(keys[0] ?? '')) ?? '')).toMatchObject({
      ...{ brand: 'visa', last4: '4242', usage: 'once', channel: 'ecommerce' },
      fingerprint: fingerprint.slice('fpr_'.length),
    });
  });

  it('has one fingerprint for what the provider calls alike, and is like nothing else', async () => {
    const of = async (fingerprint: string | null, more: Partial<TokenizeRequest> = {}) =>
      (await page(fingerprint, more)).fingerprint;
    const name = await of('fp_3');
    expect(await of('fp_3')).toBe(name);
    const others = [
      ...[await of('fp_4'), await of(null), await of(null)],
      await of('fp_3', { card: { ...typed, provider: 'simulated', fingerprint: 'fp_3' } }),
      // Its digits as text are not the number.
      await of('4242424242424242'),
      await of(null, {
        card: { ...cardRequest(0).card, number: Secret.of(Uint8Array.from('4242424242424242', Number)) },
      }),
    ];
    expect(new Set([name, ...others]).size).toBe(1 + others.length);
  });
});

describe('where no cards are kept', () => {
  it('the provider’s name for a card stands behind its token', async () => {
    const token = await given({ stored: STORED });
    expect(await behind(token)).toMatchObject({ instrument: { kind: 'stored', ...STORED } });
    expect((await vault.token('shop', token))?.card.bin).not.toBeNull();
  });

  it('no number is sealed: the key of the row opens no card', async () => {
    const number = canaryNumber();
    const card = { ...cardRequest(0).card, number: Secret.of(number) };
    await given({ bucket: 0x03, stored: STORED, card });
    const [key = ''] = await server.admin.keys('tw:v:{shop.03}:s:*');
    const fields = await server.admin.hgetallBuffer(key);
    expect(Object.keys(fields).toSorted()).toEqual(['b', 'k', 'p', 'v', 'w']);
    expect(fields['p']).toHaveLength(252);
    const held = Buffer.concat(Object.values(fields));
    expect(findNeedles(held, needles(number))).toEqual([]);
  });

  it('a name that is none gives no token', async () => {
    const stored = { provider: 'stripe', reference: '' };
    await expect(given({ bucket: 0x04, stored })).rejects.toMatchObject({ code: 'vault_unavailable' });
    expect(await server.admin.keys('tw:v:{shop.04}:*')).toEqual([]);
  });
});

it('a row of layout 1 is shown and opened as before', async () => {
  const token = newId('tnw_', 0x05);
  const mac = await keys.mac('index', 'shop', Buffer.from(token));
  const place = { merchant: 'shop', bucket: 0x05, index: mac.subarray(0, 16) };
  const expires = 1_800_000_000;
  const record =
    '{"brand":"visa","last4":"4242","exp_month":12,"exp_year":2034,"fingerprint":"fpr_0","purpose":"single",' +
    `"channel":"moto_attended","created":1763769600000,"expires":${expires},"durability":"local","consent":null,"metadata":{}}`;
  const binding = bindingOf(1, place, record);
  const dataKey = newDataKey();
  const wrapped = await keys.wrap('shop', dataKey, aadOf('data-key', binding));
  const { card } = cardRequest(0);
  const sealed = {
    ...{
      layout: 1,
      keyVersion: wrapped.version,
      dataKey: wrapped.sealed,
      holds: 'card' as const,
      network: null,
    },
    ...{ card: sealCard(dataKey, card, binding), bin: sealBin(dataKey, '424242', binding) },
  };
  const retention = { card: expires, record: expires + 400 * 86_400 };
  await store.put(place, { record, sealed }, retention, { events: [], writes: [] });
  expect(await vault.token('shop', token)).toMatchObject({ usage: 'many', card: { bin: '424242' } });
  expect(await behind(token)).toMatchObject({
    instrument: { card: { number: card.number.reveal().join(''), expMonth: 12, expYear: 2034 } },
  });
});

it('the vault asks for nothing that its user may not do', async () => {
  expect(await server.admin.acl('LOG')).toEqual([]);
});
