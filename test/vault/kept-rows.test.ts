import { createSecretKey } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { Secret } from '../../src/secret.js';
import { CardSealer, type Opened } from '../../src/vault/card-sealer.js';
import { parseRecord } from '../../src/vault/card-record.js';
import type { KeyProvider, KeyState } from '../../src/vault/key-provider.js';
import { KeyRing } from '../../src/vault/key-ring.js';
import type { RootKey } from '../../src/vault/root-key.js';
import { KEPT, keptAt, NAME_ROWS, rowKeys, SEALED_ROWS } from '../../src/vault/row-keys.js';
import type { SealedName, TokenRow } from '../../src/vault/token-store.js';

// Rows as earlier versions wrote them, under roots of 32 bytes 07 and 09: they must open for as long as cards are kept.
const PLACE = { merchant: 'shop', bucket: 7, index: Buffer.alloc(16, 1) };
const TIME = '2026-11-21T00:00:00.000Z';
const hex = (text: string) => Buffer.from(text, 'hex');

const LAYOUT_1: TokenRow = {
  record:
    '{"brand":"visa","last4":"4242","exp_month":12,"exp_year":2034,"fingerprint":"fpr_00000000000000000000000000",' +
    '"purpose":"saved","channel":"moto_attended","created":1763683200000,"expires":2051265600,"durability":"local",' +
    '"consent":null,"metadata":{}}',
  sealed: {
    layout: 1,
    keyVersion: 'k1',
    dataKey: hex(
      'e798ac252e221e07df6bab4b83d2c4d0080c0f29b458bb9eea0b694c831e703b0394b8cc3bc9337ae7ec11b62d249192a132b4e7c1d70f36' +
        'bc6720b8',
    ),
    holds: 'card',
    card: hex(
      'be1ebc72d105a96bbccbc43768de5f3c8818cb5039627db3d6d76304b3802701fa4e31cc31201df0ca205ce19ff80ca91421fda3f0f73109' +
        '53d04d11',
    ),
    bin: hex('44f4ecfd160120174cebdd1d07163c8a174d5ca1f18c609c4b68ffdc06138df52aff'),
    network: null,
  },
};

const RECORD_2 =
  '["vsoir4242",203412,"00000000000000000000000000",1763683200000,2051265600,["2026-11-21T00:00:00.000Z","v1"],{"order":"7"}]';

const LAYOUT_2: TokenRow = {
  record: RECORD_2,
  sealed: {
    layout: 2,
    keyVersion: 'k1',
    dataKey: hex(
      '9e2a3e0e6ae73da21134823ad41d8558205408677cef8bc32854399d206429fb07f6974cb9c95c26ba2e992827a589b6c87efc79e399fd6c' +
        'ece3463b',
    ),
    holds: 'card',
    card: hex(
      '869e3a644f4ea8b8eac684ecc23cf5fdb5b5a53dde2153fe50c90fc8a118fae5e9ccbaf12193d70a5aee24f2c3998d4591eb48a495ecc281' +
        '114b3cec',
    ),
    bin: hex('dcb22e4b7b392d86fa1f58325ebd3f88b266e795b6ce9b2051a6175e55432c469869'),
    network: hex(
      'ffce98068af987651766bbd20200c3854af41fda0b4b95ca5f6e33242f481c194ee9f48c68813574f5c273d1742eb9fd62aa18cf3bf59ced' +
        'bc71d1e22456b1544db7deab7af114edd8db94dc70f5cb8bf751b55c2b1656099b5d20ad',
    ),
  },
};

const LAYOUT_2_STORED: TokenRow = {
  record: RECORD_2,
  sealed: {
    layout: 2,
    keyVersion: 'k1',
    dataKey: hex(
      '5f7e24a984b16c9e24804003d6c248ba2cb09b5527333956505c312de7658ee868e25fda9abbc8ab3ccf5777509812254342e5dd735a4950' +
        'b5652840',
    ),
    holds: 'stored',
    card: hex(
      '1cbd348ab540ae130ee356a4b0afadc038af5e182025679630820b2720192dca2d7cb55f4ba992ea967a86f4d4b26add0a561d4eb83ed3dc' +
        '723bc493822d8cddd5cedc1c9cd774eb245523ab56b50d7d05e97f4e0758b71bd3081d148d6973a3c0344272ffeca2cc892d658e97083da5' +
        '680c34f9bad69dd602b04eeba4e5c367fda3ee7e978d7611ac87e80d764b79b1f21c927145559849231582bfb305396bb3c3f8bfd8aff663' +
        '8095d7e4581d9f9bb2ad40fd80a72f21b29e9b32c96561422b9ce04405db61ed75f49fe8c819c64fb1317d0ce74d8081f6852b33a3b0273d' +
        '610030dd12fbb06c227c96d86ce08befc631cbf881f19d225ef2a85a',
    ),
    bin: hex('580c2e4d722aedae147961aed8ffb90c091097fd2cf20bcd09473778a364976c30d1'),
    network: null,
  },
};

/** A provider's name in its own row. */
const NAME: SealedName = {
  layout: 2,
  keyVersion: 'k1',
  dataKey: hex(
    '490c2166df8f185ac6e4b8391154e499b455f250470d0b0afe5fd2024f35d482f36298c15774499939012ca230e41074fe04ef2be90ca56e' +
      'ba59ca60',
  ),
  name: hex(
    '32016de6d64872294ab79994d21d9487c47346150da6c119394f9a326add0dbef933a5168206cbb489f1e5a805c525399384f7a8cb1aa947' +
      'b1f755d8aacfba84560c198b7473a601106e922f98a407583ab2c346dd09cfcd47b8f2599bc813fa6e70fc111956cb6550c198b84594a911' +
      'afa7472d20919d4d583da98c25194ed9b5b878d190dd0c06971e5a5acce32f8bb76c7f2aa6110197dc81334343303d577a19b9cc7c96729d' +
      '0d52743229b4b1b330a45d3c49cd3a827c0e2a90c42531d5a692aa6b08ed1498b1076d707352e6e756d0a74be95eb3fd48155815ef0fbb3c' +
      '2ac617320c12cc49c42b4c06b27aa6faf874f9e1a7b6f3004c848224',
  ),
};

function root(id: string, use: RootKey['use'], byte: number): RootKey {
  const key = createSecretKey(Buffer.alloc(32, byte));
  return { id, use, state: 'active', created: TIME, changed: TIME, check: '', root: key };
}

const ring = new KeyRing([root('k1', 'seal', 7), root('m1', 'mac', 9)]);
const keys: KeyProvider = {
  ...{ active: ring.active, versions: ring.versions, checks: ring.checks, watch: () => () => {} },
  wrap: (...args) => Promise.resolve(ring.wrap(...args)),
  unwrap: async (...args) => ring.unwrap(...args),
  mac: (...args) => Promise.resolve(ring.mac(...args)),
};
const sealer = new CardSealer(keys);

/** What was opened, the number as text. */
function shown({ instrument, ...rest }: Opened): object {
  if (instrument.kind === 'stored') return { ...rest, ...instrument };
  const { number, ...expiry } = instrument.card;
  return { ...rest, kind: 'card', number: Buffer.from(number.reveal()).toString('hex'), ...expiry };
}

const CARD = { kind: 'card', number: '04020402040204020402040204020402', expMonth: 12, expYear: 2034 };

describe('a row that was kept', () => {
  it('in layout 1 opens', async () => {
    expect(shown(await sealer.open(PLACE, LAYOUT_1))).toEqual({
      ...CARD,
      ...{ bin: '424242', networkTransactionId: null },
    });
    expect(await sealer.openBin(PLACE, LAYOUT_1)).toBe('424242');
    expect(parseRecord(LAYOUT_1.record)).toEqual({
      ...{
        brand: 'visa',
        last4: '4242',
        exp_month: 12,
        exp_year: 2034,
        networks: null,
        chosen_network: null,
        fingerprint: '00000000000000000000000000',
      },
      ...{
        purpose: 'saved',
        usage: 'many',
        channel: 'moto_attended',
        created: 1763683200000,
        expires: 2051265600,
      },
      ...{ durability: 'local', consent: null, metadata: {} },
    });
  });

  it('in layout 2 opens', async () => {
    expect(shown(await sealer.open(PLACE, LAYOUT_2))).toEqual({
      ...CARD,
      ...{ bin: '424242', networkTransactionId: 'MCC123456' },
    });
    expect(parseRecord(LAYOUT_2.record)).toEqual({
      ...{
        brand: 'visa',
        last4: '4242',
        exp_month: 12,
        exp_year: 2034,
        networks: null,
        chosen_network: null,
        fingerprint: '00000000000000000000000000',
      },
      ...{
        purpose: 'saved',
        usage: 'once',
        channel: 'moto_ivr',
        created: 1763683200000,
        expires: 2051265600,
      },
      ...{ durability: 'replica', consent: { at: TIME, wording: 'v1' }, metadata: { order: '7' } },
    });
  });

  it("in layout 2 opens with a provider's name in the card's place", async () => {
    expect(shown(await sealer.open(PLACE, LAYOUT_2_STORED))).toEqual({
      ...{ kind: 'stored', provider: 'stripe', reference: 'pm_1' },
      ...{ bin: null, networkTransactionId: null },
    });
    expect(await sealer.openBin(PLACE, LAYOUT_2_STORED)).toBeNull();
  });

  it.each<[string, (row: TokenRow) => TokenRow]>([
    ['its number in the place of the BIN', (row) => sealed(row, { bin: row.sealed.card })],
    ['its BIN in the place of the number', (row) => sealed(row, { card: row.sealed.bin })],
    ['its BIN in the place of the network', (row) => sealed(row, { network: row.sealed.bin })],
    ["its number as a provider's name", (row) => sealed(row, { holds: 'stored' })],
    ['another record', (row) => ({ ...row, record: row.record.replace('4242', '4243') })],
  ])('does not open with %s', async (_what, change) => {
    await expect(sealer.open(PLACE, change(LAYOUT_2))).rejects.toMatchObject({ code: 'vault_unavailable' });
  });

  it('says of a seal inside that it does not fit, and of a layout that never was', async () => {
    await expect(sealer.open(PLACE, sealed(LAYOUT_2, { bin: LAYOUT_1.sealed.bin }))).rejects.toThrow(
      'a seal does not fit its row',
    );
    await expect(sealer.openBin(PLACE, sealed(LAYOUT_2, { layout: 3 }))).rejects.toThrow(
      'a row has an unknown layout',
    );
  });

  it('takes what the network called its first payment, sealed for it alone', async () => {
    const network = await sealer.sealNetworkId(PLACE, LAYOUT_2_STORED, 'MCC7');
    const { networkTransactionId } = await sealer.open(PLACE, sealed(LAYOUT_2_STORED, { network }));
    expect(networkTransactionId).toBe('MCC7');
    await expect(sealer.open(PLACE, sealed(LAYOUT_2, { network }))).rejects.toThrow('a seal does not fit');
  });
});

describe("a provider's name in its own row", () => {
  it('opens, whatever has become of the record', async () => {
    expect(await sealer.openName(PLACE, NAME)).toEqual({ provider: 'stripe', reference: 'pm_1' });
  });

  it('opens nowhere else, and under no other key', async () => {
    const { dataKey, card } = LAYOUT_2_STORED.sealed;
    const elsewhere = { ...PLACE, index: Buffer.alloc(16, 2) };
    for (const [place, name] of [
      [elsewhere, NAME],
      [PLACE, { ...NAME, dataKey }],
      [PLACE, { ...NAME, name: card }],
    ] as const) {
      await expect(sealer.openName(place, name)).rejects.toMatchObject({ code: 'vault_unavailable' });
    }
    const moved = sealed(LAYOUT_2_STORED, { dataKey: NAME.dataKey, card: NAME.name });
    await expect(sealer.open(PLACE, moved)).rejects.toMatchObject({ code: 'vault_unavailable' });
  });

  it('is made with a row that holds one, and with no other', async () => {
    const stored = { provider: 'stripe', reference: 'pm_1' };
    const rest = { bin: null, networkTransactionId: null };
    const { name } = await sealer.seal(PLACE, RECORD_2, { sealed: stored, ...rest });
    expect(name && (await sealer.openName(PLACE, name))).toEqual(stored);
    const card = {
      brand: 'visa' as const,
      number: Secret.of(Uint8Array.of(4, 2)),
      expMonth: 12,
      expYear: 2034,
    };
    expect(await sealer.seal(PLACE, RECORD_2, { sealed: card, ...rest })).not.toHaveProperty('name');
  });
});

describe('a row that is made', () => {
  const number = () => Secret.of(Uint8Array.from('4242424242424242', Number));
  const card = () => ({ brand: 'visa' as const, number: number(), expMonth: 12, expYear: 2034 });

  it('is of the newest layout and the version that seals, and opens as it was', async () => {
    const made = await sealer.seal(PLACE, RECORD_2, {
      ...{ sealed: card(), bin: '424242', networkTransactionId: null },
    });
    expect(made).toMatchObject({ layout: 2, keyVersion: 'k1', holds: 'card', network: null });
    expect([made.dataKey.length, made.card.length, made.bin.length]).toEqual([60, 60, 34]);
    expect(shown(await sealer.open(PLACE, { record: RECORD_2, sealed: made }))).toEqual({
      ...CARD,
      ...{ bin: '424242', networkTransactionId: null },
    });
  });

  it("holds a provider's name instead of the number where there is one", async () => {
    const stored = { provider: 'stripe', reference: 'pm_1' };
    const alone = { bin: null, networkTransactionId: null };
    const made = await sealer.seal(PLACE, RECORD_2, { sealed: stored, ...alone });
    expect([made.holds, made.card.length]).toEqual(['stored', 252]);
    expect(shown(await sealer.open(PLACE, { record: RECORD_2, sealed: made }))).toEqual({
      ...{ kind: 'stored', ...stored },
      ...alone,
    });
  });
});

describe('a row that is looked at without its card being opened', () => {
  const withState = (state: KeyState, broken = false): CardSealer =>
    new CardSealer({
      ...keys,
      versions: [
        { id: 'k0', state: 'active' },
        { id: 'k1', state },
      ],
      unwrap: (...args) => (broken ? Promise.reject(new TypeError('a bug')) : keys.unwrap(...args)),
    });
  const other = { ...LAYOUT_2, record: LAYOUT_2.record.replace('4242', '4243') };

  it.each(['active', 'decrypt-only'] as const)('is intact, or not, by a key that is %s', async (state) => {
    expect(await withState(state).isIntact(PLACE, LAYOUT_2)).toBe(true);
    expect(await withState(state).isIntact(PLACE, other)).toBe(false);
    expect(await withState(state).isIntact({ ...PLACE, merchant: 'shed' }, LAYOUT_2)).toBe(false);
  });

  it.each(['retired', 'destroyed'] as const)('is believed where its key is %s', async (state) => {
    expect(await withState(state).isIntact(PLACE, other)).toBe(true);
  });

  it('is believed where its key is not here yet', async () => {
    expect(await sealer.isIntact(PLACE, sealed(other, { keyVersion: 'k9' }))).toBe(true);
  });

  it('is no answer when the looking itself fails', async () => {
    await expect(withState('active', true).isIntact(PLACE, LAYOUT_2)).rejects.toThrow('a bug');
  });
});

describe('the keys of a row', () => {
  const index = '01'.repeat(16);

  it('are in the slot of its merchant and bucket', () => {
    expect(rowKeys(PLACE)).toEqual({
      slot: '{shop.07}',
      sealed: `tw:v:{shop.07}:s:${index}`,
      record: `tw:v:{shop.07}:r:${index}`,
      name: `tw:v:{shop.07}:p:${index}`,
      opened: `tw:v:{shop.07}:n:${index}`,
    });
    expect([SEALED_ROWS, NAME_ROWS, KEPT]).toEqual(['tw:v:*:[sp]:*', 'tw:v:*:p:*', 'tw:[vf]:*']);
  });

  it('tell what they hold', () => {
    expect(keptAt(`tw:v:{shop.07}:s:${index}`)).toEqual({ kind: 'sealed', place: PLACE });
    expect(keptAt(`tw:v:{shop.07}:r:${index}`)).toEqual({ kind: 'record', place: PLACE });
    expect(keptAt(`tw:v:{shop.07}:p:${index}`)).toEqual({ kind: 'name', place: PLACE });
    expect(keptAt(`tw:v:{shop.07}:n:${index}`)).toEqual({ kind: 'opened', place: PLACE });
    const elsewhere = { ...PLACE, merchant: 'a.b.c', bucket: 255 };
    expect(keptAt(`tw:v:{a.b.c.ff}:s:${index}`)).toEqual({ kind: 'sealed', place: elsewhere });
    expect(keptAt(`tw:f:{shop.07}:${'a-_9'.repeat(5)}zz`)).toEqual({ kind: 'fingerprint' });
    expect(keptAt(`tw:f:{shop.07}:${'0a'.repeat(32)}`)).toEqual({ kind: 'fingerprint' });
  });

  it.each([
    `x:tw:v:{shop.07}:s:${index}`,
    `tw:v:{shop.07}:s:${index}01`,
    `tw:v:{shop.07}:s:${index.slice(2)}`,
    `tw:v:{shop.7}:s:${index}`,
    `tw:v:{shop}:s:${index}`,
    `tw:v:{shop.07}:x:${index}`,
    `tw:v:{shop.07}:s:${'0G'.repeat(16)}`,
    `x:tw:f:{shop.07}:${'0a'.repeat(32)}`,
    `tw:f:{shop.07}:${'0a'.repeat(33)}`,
    `tw:f:{shop}:${'0a'.repeat(32)}`,
  ])('are no others: %s', (key) => {
    expect(keptAt(key)).toBeNull();
  });
});

function sealed(row: TokenRow, change: Partial<TokenRow['sealed']>): TokenRow {
  return { ...row, sealed: { ...row.sealed, ...change } };
}
