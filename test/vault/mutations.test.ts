import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { systemClock } from '../../src/clock.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import { CardVault } from '../../src/vault/card-vault.js';
import { parseRecord, recordText, type CardRecord } from '../../src/vault/card-record.js';
import { LAYOUT } from '../../src/vault/envelope.js';
import { rotateKeys } from '../../src/vault/key-changes.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import type { KeyProvider } from '../../src/vault/key-provider.js';
import { plainSeal } from '../../src/vault/plain-seal.js';
import type { Place, TokenRow, TokenStore } from '../../src/vault/token-store.js';
import { cardRequest } from '../support/card-request.js';
import { openKeys } from '../support/keys.js';

/** How many changed rows are tried; `docs/vault.md` says it. */
const MUTATIONS = 10_000;

const MERCHANTS = ['shop', 'shed'];
const ROWS = 8;
const SEALED = ['dataKey', 'card', 'bin'] as const;
const DAY_S = 86_400;

interface Stored {
  token: string;
  place: Place;
  row: TokenRow;
}

/** What lies in Redis, in the hands of somebody who may change all of it. */
const rows: Stored[] = [];
const puts: Omit<Stored, 'token'>[] = [];
let found: TokenRow | null = null;
const store: TokenStore = {
  durability: 'local',
  alias: (_merchant, _fingerprint, candidate) => Promise.resolve(candidate),
  put(place, row) {
    if (row.sealed !== null) puts.push({ place, row: { ...row, sealed: row.sealed } });
    return Promise.resolve();
  },
  deadline: () => Promise.resolve(0),
  get: () => Promise.resolve(found),
  destroy: () => Promise.resolve(false),
  opening: () => Promise.resolve(0),
  remember: () => Promise.resolve(),
  unsettled: () => Promise.resolve(false),
};

let dir: string;
let keys: KeyProvider;
let vault: CardVault;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tw-'));
  const path = join(dir, 'keys.json');
  await createKeyFile(path, '2026-11-21T00:00:00.000Z');
  // Half of the rows are of a version that only opens any more.
  for (let half = 0; half < 2; half++) {
    if (half === 1) await rotateKeys(path, plainSeal, '2026-11-21T00:00:00.000Z');
    keys = await openKeys(path);
    const parts = { keys, store, clock: systemClock, metrics: createMetrics(), log: silentLogger };
    vault = new CardVault({ ...parts, ttlDays: 15 });
    for (const merchant of MERCHANTS) {
      for (let n = 0; n < ROWS / 4; n++) {
        const { token } = await vault.tokenize({ ...cardRequest(n), merchant, purpose: 'single' });
        rows.push(...puts.splice(0).map((put) => ({ token, ...put })));
      }
    }
  }
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Shows the token and opens its card, as a charge does: whether both were had. */
async function opens({ token, place: { merchant } }: Stored, row: TokenRow): Promise<boolean> {
  found = row;
  try {
    const shown = await vault.token(merchant, token);
    return shown !== null && (await vault.open(merchant, token, () => Promise.resolve(true))) === true;
  } catch {
    return false;
  }
}

function storedAt(n: number): Stored {
  const stored = rows[n % ROWS];
  if (stored === undefined) throw new RangeError('there are fewer rows');
  return stored;
}

function resealed(row: TokenRow, change: Partial<TokenRow['sealed']>): TokenRow {
  return { ...row, sealed: { ...row.sealed, ...change } };
}

function flipped(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  const at = (bit >> 3) % bytes.length;
  copy.writeUInt8(copy.readUInt8(at) ^ (1 << (bit & 7)), at);
  return copy;
}

const field = fc.constantFrom(...SEALED);
const other = fc.integer({ min: 1, max: ROWS - 1 });
const seconds = fc.integer({ min: -400 * DAY_S, max: 4_000 * DAY_S }).filter((by) => by !== 0);

/** What somebody would like a record to say. */
const member = fc.constantFrom<Partial<CardRecord>>(
  { purpose: 'subscription' },
  { usage: 'once' },
  { channel: 'ecommerce' },
  { brand: 'jcb' },
  { last4: '0000' },
  { exp_year: 2035 },
  { networks: ['cartes_bancaires', 'visa'] },
  { chosen_network: 'visa' },
  { fingerprint: 'fpr_1' },
  { created: 0 },
  { durability: 'replica-fsync' },
  { consent: { at: '2026-11-21T00:00:00Z', wording: 'v1' } },
  { metadata: { order: 'A-1' } },
);

/** Changes of a row; `theirs` is the row of another token, maybe another merchant's. */
const mutation = fc.oneof(
  fc.record({ field, bit: fc.nat(60 * 8 - 1) }).map(({ field, bit }) => ({
    name: `bit ${bit} of ${field}`,
    change: (row: TokenRow) => resealed(row, { [field]: flipped(row.sealed[field], bit) }),
  })),
  fc.record({ field, bytes: fc.integer({ min: 1, max: 64 }) }).map(({ field, bytes }) => ({
    name: `${bytes} bytes cut off ${field}`,
    change: (row: TokenRow) => resealed(row, { [field]: row.sealed[field].subarray(0, -bytes) }),
  })),
  fc.record({ field, more: fc.uint8Array({ minLength: 1, maxLength: 64 }) }).map(({ field, more }) => ({
    name: `${more.length} bytes put behind ${field}`,
    change: (row: TokenRow) => resealed(row, { [field]: Buffer.concat([row.sealed[field], more]) }),
  })),
  fc
    .record({ field, from: field })
    .filter(({ field, from }) => field !== from)
    .map(({ field, from }) => ({
      name: `${from} in the place of ${field}`,
      change: (row: TokenRow) => resealed(row, { [field]: row.sealed[from] }),
    })),
  field.map((field) => ({
    name: `${field} of another row`,
    change: (row: TokenRow, theirs: TokenRow) => resealed(row, { [field]: theirs.sealed[field] }),
  })),
  fc.constant({
    name: 'the seals of another row',
    change: (row: TokenRow, theirs: TokenRow) => ({ ...row, sealed: theirs.sealed }),
  }),
  fc.constant({ name: 'another row', change: (_: TokenRow, theirs: TokenRow) => theirs }),
  member.map((members) => ({
    name: `the record with ${JSON.stringify(members)}`,
    change: (row: TokenRow) => ({ ...row, record: recordText({ ...parseRecord(row.record), ...members }) }),
  })),
  seconds.map((by) => ({
    name: `an end ${by} s later`,
    change: (row: TokenRow) => {
      const record = parseRecord(row.record);
      return { ...row, record: recordText({ ...record, expires: record.expires + by }) };
    },
  })),
  fc.constant({
    name: 'layout 1, and a record of it',
    change: (row: TokenRow) => {
      const { usage: _, fingerprint, ...named } = parseRecord(row.record);
      const record = JSON.stringify({ ...named, fingerprint: `fpr_${fingerprint}` });
      return { ...resealed(row, { layout: 1 }), record };
    },
  }),
  fc.constant({
    name: 'a provider’s name in the place of the card',
    change: (row: TokenRow) => resealed(row, { holds: 'stored' }),
  }),
  field.map((from) => ({
    name: `${from} in the place of the name of a first payment`,
    change: (row: TokenRow) => resealed(row, { network: row.sealed[from] }),
  })),
  fc
    .integer({ min: -1, max: 255 })
    .filter((layout) => layout !== LAYOUT)
    .map((layout) => ({
      name: `the layout ${layout}`,
      change: (row: TokenRow) => resealed(row, { layout }),
    })),
  fc.constantFrom('k1', 'k2', 'k3', 'm1', '').map((keyVersion) => ({
    name: `the key ${keyVersion}`,
    change: (row: TokenRow) =>
      resealed(row, { keyVersion: keyVersion === row.sealed.keyVersion ? 'k9' : keyVersion }),
  })),
);

it('rows open as they were put', async () => {
  for (const stored of rows) expect(await opens(stored, stored.row)).toBe(true);
  expect(new Set(rows.map(({ row }) => row.sealed.keyVersion))).toEqual(new Set(['k1', 'k2']));
});

it('A46: a row that was changed or moved never opens', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(ROWS - 1), other, mutation, async (at, by, { change }) => {
      const mine = storedAt(at);
      return !(await opens(mine, change(mine.row, storedAt(at + by).row)));
    }),
    { numRuns: MUTATIONS },
  );
});
