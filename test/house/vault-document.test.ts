import { createHash, createSecretKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/clock.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import { DURABILITY_LEVELS } from '../../src/redis/durability-level.js';
import { VAULT_EVENTS } from '../../src/vault/audited-vault.js';
import { CardVault } from '../../src/vault/card-vault.js';
import { aadOf, bindingOf, LAYOUT, type Content } from '../../src/vault/envelope.js';
import { parseRecord } from '../../src/vault/card-record.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import { KEY_USES, type KeyState } from '../../src/vault/key-provider.js';
import { derive, hmac, KeyRing } from '../../src/vault/key-ring.js';
import { RedisTokenStore } from '../../src/vault/redis-token-store.js';
import { retentionOf } from '../../src/vault/retention.js';
import { SEALS } from '../../src/vault/root-seal.js';
import { FAULTS } from '../../src/vault/vault-inspector.js';
import { cardRequest } from '../support/card-request.js';
import { openKeys } from '../support/keys.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';

const DOCUMENT = readFileSync('docs/vault.md', 'utf8');
const PICTURE = readFileSync('docs/vault-keys.svg', 'utf8');

const STATES = Object.keys({
  active: true,
  'decrypt-only': true,
  retired: true,
  destroyed: true,
} satisfies Record<KeyState, true>);

/** The rows of the table whose first heading is `first`, without that of the headings. */
function table(first: string): string[][] {
  const lines = DOCUMENT.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${first} |`));
  const rows = lines.slice(start + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return rows.slice(0, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** The words in backticks of the first cells. */
function named(first: string): string[] {
  return table(first).flatMap(([cell = '']) => wordsOf(cell));
}

function wordsOf(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
}

describe('what the document says of a card that was put', () => {
  let server: TestRedis;
  let dir: string;
  let keys: string[];
  beforeAll(async () => {
    server = await startTestRedis();
    dir = await mkdtemp(join(tmpdir(), 'tw-'));
    await createKeyFile(join(dir, 'keys.json'), '2026-11-21T00:00:00.000Z');
    const shared = { clock: systemClock, log: silentLogger, metrics: createMetrics() };
    const store = new RedisTokenStore({ redis: await server.client(), ...shared });
    const ring = await openKeys(join(dir, 'keys.json'));
    await new CardVault({ keys: ring, store, ttlDays: 15, ...shared }).tokenize(cardRequest(0xa3));
    keys = (await server.admin.keys('*')).toSorted();
    const stored = { provider: 'stripe', reference: 'pm_1' };
    await new CardVault({ keys: ring, store, ttlDays: 15, ...shared }).tokenize({
      ...cardRequest(0xa4),
      stored,
    });
    keys.push(...(await server.admin.keys('*:p:*')));
  });
  afterAll(async () => {
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const keyOf = (part: RegExp) => keys.find((key) => part.test(key)) ?? '';

  it('is its names and types', async () => {
    const found = await Promise.all(
      keys.map(async (key) => {
        const name = key
          .replace(/\{shop\.[0-9a-f]{2}\}/, '{MERCHANT.BUCKET}')
          .replace(/:[\w-]{22}$/, ':FINGERPRINT')
          .replace(/:[0-9a-f]{32}$/, ':INDEX');
        return [`\`${name}\``, await server.admin.type(key)];
      }),
    );
    const said = table('name').map((cells) => cells.slice(0, 2));
    expect(Object.fromEntries(said)).toEqual(Object.fromEntries(found));
  });

  it('is the fields of the sealed card, and their lengths', async () => {
    const fields = await server.admin.hgetallBuffer(keyOf(/:s:/));
    const found = Object.entries(fields).map(([name, value]) => [`\`${name}\``, String(value.length)]);
    expect(table('field').map((cells) => cells.slice(0, 2))).toEqual(found);
    expect(PICTURE.match(/(?<=>)[a-z](?= {3})/g)?.toSorted()).toEqual(Object.keys(fields).toSorted());
  });

  it('is the members of the record', async () => {
    const record = parseRecord((await server.admin.get(keyOf(/:r:/))) ?? '');
    expect(named('member').toSorted()).toEqual(Object.keys(record).toSorted());
  });
});

describe('what the document says of the keys', () => {
  it('is their uses', () => {
    expect(named('use')).toEqual(KEY_USES);
    expect(KEY_USES.filter((use) => !PICTURE.includes(`>${use}<`))).toEqual([]);
  });

  it('is their label', () => {
    const [label = ''] = wordsOf(DOCUMENT).filter((word) => word.endsWith('/USE/MERCHANT'));
    const root = createSecretKey(Buffer.alloc(32, 7));
    const dates = { created: '', changed: '', check: '', state: 'active' } as const;
    const ring = new KeyRing([
      { id: 'k1', use: 'seal', root, ...dates },
      { id: 'm1', use: 'mac', root, ...dates },
    ]);
    const data = Buffer.from('data');
    const derived = derive(root, label.replace('USE', 'index').replace('MERCHANT', 'shop'));
    expect(ring.mac('index', 'shop', data)).toEqual(hmac(derived, data));
  });

  it('is their states', () => {
    expect(named('state')).toEqual(STATES);
  });

  it('is their seals', () => {
    expect(SEALS.filter((seal) => !DOCUMENT.includes(`\`${seal}\``) || !PICTURE.includes(seal))).toEqual([]);
  });
});

describe('what the document says of seals', () => {
  it('is what each is bound to', () => {
    const index = Buffer.alloc(16, 1);
    const [place, record] = [{ merchant: 'shop', bucket: 0, index }, '["visa"]'];
    const values: Record<string, (content: Content) => Buffer> = {
      layout: () => Buffer.of(LAYOUT),
      content: (content) => Buffer.from(content),
      merchant: () => Buffer.from(place.merchant),
      index: () => index,
      record: () => createHash('sha256').update(record).digest(),
    };
    const rows = table('bound');
    const contents = rows.flatMap(([name = '']) => wordsOf(name)) as Content[];
    expect(contents).toHaveLength(5);
    for (const content of contents) {
      const parts = rows.map(([name = '', bytes = '']) => {
        const value = values[/^\w+/.exec(name)?.[0] ?? '']?.(content) ?? Buffer.alloc(0);
        if (!bytes.startsWith('2 for its length')) {
          expect(value).toHaveLength(Number(bytes));
          return value;
        }
        return Buffer.concat([bigEndian(value.length, 2), value]);
      });
      expect(aadOf(content, bindingOf(LAYOUT, place, record))).toEqual(Buffer.concat(parts));
    }
  });

  it('is the layout', () => {
    expect(table('field')[0]?.[2]).toContain(`\`${LAYOUT}\``);
  });
});

describe('what the document says else', () => {
  it('is what a sweep may find', () => {
    expect(table('found').map((cells) => cells.join())).toEqual(
      Object.entries(FAULTS).map(([fault, means]) => `\`${fault}\`,${means}`),
    );
  });

  it('is the levels of durability', () => {
    expect(named('level')).toEqual(DURABILITY_LEVELS);
  });

  it('is the entries of the audit trail', () => {
    const said = table('what').map(([, , entry = '']) => wordsOf(entry));
    expect(said.flat()).toEqual([...Object.values(VAULT_EVENTS), 'token.forget']);
  });

  it('is how long a record stays', () => {
    const { card, record } = retentionOf('single', { expMonth: 12, expYear: 2034 }, 0, 15);
    expect(table('name').map(([, , , ends]) => ends)).toContain(
      `${(record - card) / 86_400} days after the sealed card`,
    );
  });

  it('is how many changed rows are tried', () => {
    const tried = /MUTATIONS = ([\d_]+)/.exec(readFileSync('test/vault/mutations.test.ts', 'utf8'))?.[1];
    expect(DOCUMENT).toContain(`| ${Number(tried?.replaceAll('_', '')).toLocaleString('en')} changed rows`);
  });
});

function bigEndian(value: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, bytes > 6 ? bytes - 6 : 0, Math.min(bytes, 6));
  return buffer;
}
