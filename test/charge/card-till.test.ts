import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { declineOf } from '../../src/charge/refusals.js';
import { Secret } from '../../src/secret.js';
import { canaryNumber, findNeedles, needles } from '../support/needles.js';
import { until } from '../support/service.js';
import { BUCKET, aTake, card, startChargeWorld, SHOP, type ChargeWorld } from './charge-world.js';

let world: ChargeWorld;
beforeAll(async () => {
  world = await startChargeWorld();
});
afterAll(() => world.stop());
beforeEach(async () => {
  await world.server.admin.flushall();
  world.psp.payments.clear();
  world.psp.kept.clear();
  Object.assign(world.psp, { codeCheck: null, networkTransactionId: null, networks: null });
});

/** What a server has on its disk. */
async function filesOf(dir: string): Promise<Buffer[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return Promise.all(
    entries.filter((entry) => entry.isFile()).map((entry) => readFile(join(entry.parentPath, entry.name))),
  );
}

const types = async () => (await world.events()).map(({ type }) => type);
const sealed = () => world.server.admin.keys('tw:v:*:s:*');
const capture = () => world.server.admin.get(`tw:c:{${SHOP}.${BUCKET.toString(16)}}:cap`);

describe('a till that charges', () => {
  it('ends the capture with token and approved charge, which are one truth', async () => {
    const take = aTake();
    const taken = await world.till().take(take);
    expect(taken).toMatchObject({
      ...{ status: 'done', token: { card: { last4: '4242' }, usage: 'many' } },
      charge: { status: 'approved', amount: 1250, currency: 'EUR', reference: 'order 7' },
    });
    if (taken.status !== 'done') throw new Error('not done');
    expect(taken.charge?.token).toBe(taken.token.token);
    expect(await types()).toEqual(['charge.approved', 'capture.completed']);
    expect((await world.events())[1]?.data['charge']).toEqual(taken.charge);
    expect(await capture()).toBe('completed');
    expect(world.psp.payments.get(taken.charge?.id ?? '')?.request).toMatchObject({
      ...{ instrument: '4242424242424242', code: true, entry: 'moto', stored: false },
    });
    expect(await world.store.unsettled.count()).toBe(0);
  });

  it('has the card sealed and the intent written before the provider hears of it', async () => {
    let before: unknown;
    world.psp.arrived = async () => {
      const [unsettled] = await world.store.unsettled.list(1);
      const record = await world.store.get(SHOP, unsettled?.id ?? '');
      before = { state: record.state, sealed: (await sealed()).length, told: await types() };
    };
    await world.till().take(aTake());
    world.psp.arrived = () => Promise.resolve();
    expect(before).toEqual({ state: 'sent', sealed: 1, told: [] });
  });

  it('destroys a card that is declined, and says why in the words for each', async () => {
    world.psp.deeds.push({ kind: 'decline', code: 'incorrect_cvc' });
    expect(await world.till().take(aTake())).toMatchObject({
      ...{ status: 'refused', decline: { code: 'incorrect_cvc' } },
      charge: { status: 'declined', token: null, decline: { code: 'incorrect_cvc' } },
    });
    expect(await sealed()).toEqual([]);
    expect(await types()).toEqual(['charge.declined']);
    expect(await capture()).toBeNull();
  });

  it('leaves neither token nor intent when the provider was not reached', async () => {
    world.psp.deeds.push({ kind: 'unreached', sent: true });
    await expect(world.till().take(aTake())).rejects.toMatchObject({ code: 'psp_unavailable' });
    expect(await sealed()).toEqual([]);
    expect(await world.server.admin.keys('tw:c:*')).toEqual([]);
    expect(await types()).toEqual([]);
  });

  it('spends a token of one use at once', async () => {
    const taken = await world.till().take(aTake({ usage: 'once' }));
    if (taken.status !== 'done') throw new Error('not done');
    const { token } = taken.token;
    expect(await sealed()).toEqual([]);
    const charge = { token, amount: 1, currency: 'EUR', reference: null, network: null } as const;
    await expect(
      world.charges.charge(SHOP, { ...charge, idempotencyKey: 'k', language: 'en' }),
    ).rejects.toMatchObject({ code: 'token_spent' });
  });

  it('wipes the code whatever the answer', async () => {
    for (const deed of [
      { kind: 'approve' },
      { kind: 'decline', code: 'card_declined' },
      { kind: 'lose', took: true },
      { kind: 'unreached', sent: false },
    ] as const) {
      world.psp.deeds.push(deed);
      const take = aTake();
      await world
        .till()
        .take(take)
        .catch(() => {});
      expect(take.code?.length).toBe(0);
    }
  });
});

describe('a co-badged card', () => {
  const chosen = { networks: ['cartes_bancaires', 'visa'], network: 'visa' } as const;
  const shown = { networks: ['cartes_bancaires', 'visa'], chosen_network: 'visa' };

  it('is charged as its payer chose, and keeps the choice with its token for later charges', async () => {
    const taken = await world.till().take(aTake(chosen));
    if (taken.status !== 'done' || taken.charge === null) throw new Error('not done');
    expect(world.psp.payments.get(taken.charge.id)?.request.network).toBe('visa');
    const { token } = taken.token;
    expect(taken.token.card).toMatchObject(shown);
    expect((await world.vault.token(SHOP, token))?.card).toMatchObject(shown);
    const later = { token, amount: 700, currency: 'EUR', reference: null, language: 'en' } as const;
    const again = { ...later, network: null, idempotencyKey: 'as chosen' };
    const charge = await world.charges.charge(SHOP, again);
    expect(world.psp.payments.get(charge.id)?.request.network).toBe('visa');
    expect(await world.charges.charge(SHOP, again)).toEqual(charge);
    const other = { ...later, network: 'cartes_bancaires', idempotencyKey: 'as chosen now' } as const;
    const { id } = await world.charges.charge(SHOP, other);
    expect(world.psp.payments.get(id)?.request.network).toBe('cartes_bancaires');
    await expect(world.charges.charge(SHOP, { ...other, network: 'visa' })).rejects.toMatchObject({
      code: 'idempotency_mismatch',
    });
  });

  it.each([true, false])(
    'has the networks that the provider says, where it is asked first: %s',
    async (stored) => {
      world.psp.networks = ['cartes_bancaires', 'visa'];
      const take = aTake({ outcome: 'verify', money: null, network: 'cartes_bancaires' });
      expect(await world.till(stored).take(take)).toMatchObject({
        token: { card: { networks: ['cartes_bancaires', 'visa'], chosen_network: 'cartes_bancaires' } },
      });
    },
  );

  it('has the networks that the provider says with its answer, where it is asked for the money alone', async () => {
    world.psp.networks = ['cartes_bancaires', 'visa'];
    const take = aTake({ network: 'visa' });
    const told: unknown[] = [];
    const conclude: typeof take.conclude = (token, charge) => {
      told.push(token.card);
      return take.conclude(token, charge);
    };
    const taken = await world.till().take({ ...take, conclude });
    expect(taken).toMatchObject({ status: 'done', token: { card: shown } });
    expect(told).toMatchObject([shown]);
  });

  it('is a question to the payer only where the provider heeds the answer', () => {
    expect(world.till().canChooseNetwork()).toBe(true);
    world.psp.abilities.delete('choose_network');
    expect(world.till().canChooseNetwork()).toBe(false);
    world.psp.abilities.add('choose_network');
  });
});

describe('a till that verifies', () => {
  it('gives a token for a card that is good, and takes nothing', async () => {
    world.psp.networkTransactionId = 'ntid-7';
    const taken = await world.till().take(aTake({ outcome: 'verify', money: null, purpose: 'saved' }));
    expect(taken).toMatchObject({ status: 'done', charge: null });
    expect(world.psp.payments.size).toBe(0);
    expect(await types()).toEqual(['capture.completed']);
    const token = taken.status === 'done' ? taken.token.token : '';
    const kept = await world.vault.open(SHOP, token, (behind) =>
      Promise.resolve(behind.networkTransactionId),
    );
    expect(kept).toBe('ntid-7');
  });

  it('refuses a card that is not, and one whose code is wrong though the bank does not mind', async () => {
    world.psp.deeds.push({ kind: 'decline', code: 'expired_card' });
    const verify = { outcome: 'verify', money: null } as const;
    expect(await world.till().take(aTake(verify))).toMatchObject({
      ...{ status: 'refused', decline: { code: 'expired_card' }, charge: null },
    });
    world.psp.codeCheck = 'mismatch';
    expect(await world.till().take(aTake(verify))).toMatchObject({ decline: { code: 'incorrect_cvc' } });
    expect(await sealed()).toEqual([]);
  });

  it('offers no link to whoever has to authenticate: no amount is asked', async () => {
    world.psp.deeds.push({ kind: 'decline', code: 'authentication_required' });
    expect(await world.till().take(aTake({ outcome: 'verify', money: null }))).toEqual({
      ...{ status: 'refused', decline: declineOf('not_by_phone', 'en'), charge: null },
    });
  });

  it('gives no token when the answer is lost', async () => {
    world.psp.deeds.push({ kind: 'lose', took: true });
    expect(await world.till().take(aTake({ outcome: 'verify', money: null }))).toEqual({
      ...{ status: 'unknown', charge: null },
    });
    expect(await sealed()).toEqual([]);
  });
});

describe('a till where no cards are kept', () => {
  it.each(['token', 'verify', 'charge'] as const)('has the provider keep the card: %s', async (outcome) => {
    const money = outcome === 'charge' ? { amount: 1250, currency: 'EUR' } : null;
    const taken = await world.till(false).take(aTake({ outcome, money }));
    if (taken.status !== 'done') throw new Error('not done');
    const [reference] = world.psp.kept;
    const behind = await world.vault.open(SHOP, taken.token.token, ({ instrument }) =>
      Promise.resolve(instrument),
    );
    expect(behind).toEqual({ kind: 'stored', provider: 'ledger', reference });
    if (taken.charge !== null) {
      expect(world.psp.payments.get(taken.charge.id)?.request.instrument).toBe(reference);
    }
    const later = { token: taken.token.token, amount: 700, currency: 'EUR', reference: null, network: null };
    const charge = await world.charges.charge(SHOP, { ...later, idempotencyKey: outcome, language: 'en' });
    expect(world.psp.payments.get(charge.id)?.request.instrument).toBe(reference);
  });

  it('keeps no card, not even sealed: no seal of a card is in Redis, and none is found there', async () => {
    const number = canaryNumber();
    const take = aTake({ card: { ...card(), number: Secret.of(number) }, code: null });
    const taken = await world.till(false).take(take);
    if (taken.status !== 'done') throw new Error('not done');
    const kinds = await world.vault.open(SHOP, taken.token.token, ({ instrument }) =>
      Promise.resolve([instrument.kind, JSON.stringify(instrument).includes(world.psp.name)]),
    );
    expect(kinds).toEqual(['stored', true]);
    const keys = await world.server.admin.keys('*');
    const dumps = await Promise.all(keys.map((key) => world.server.admin.dumpBuffer(key)));
    const files = await filesOf(world.server.dir);
    expect(keys.length).toBeGreaterThan(3);
    expect(files.length).toBeGreaterThan(0);
    const seen = [...dumps, ...files].flatMap((bytes) =>
      findNeedles(bytes ?? Buffer.alloc(0), needles(number)),
    );
    expect(seen).toEqual([]);
  });

  it('offers a link where the provider will not keep a card without its payer, and an amount is asked', async () => {
    for (const [outcome, next] of [
      ['charge', 'link'],
      ['token', 'other_card'],
    ] as const) {
      world.psp.deeds.push({ kind: 'decline', code: 'authentication_required' });
      const money = outcome === 'charge' ? { amount: 1250, currency: 'EUR' } : null;
      const taken = await world.till(false).take(aTake({ outcome, money }));
      expect(taken).toMatchObject({ decline: { code: 'authentication_required', next }, charge: null });
    }
  });

  it('has the provider forget a card that came to nothing', async () => {
    world.psp.deeds.push({ kind: 'approve' }, { kind: 'decline', code: 'card_declined' });
    expect(await world.till(false).take(aTake())).toMatchObject({ status: 'refused' });
    world.psp.deeds.push({ kind: 'approve' }, { kind: 'unreached', sent: false });
    await expect(world.till(false).take(aTake())).rejects.toThrow();
    world.psp.codeCheck = 'mismatch';
    expect(await world.till(false).take(aTake())).toMatchObject({ decline: { code: 'incorrect_cvc' } });
    await until(() => world.psp.kept.size === 0);
  });

  it('can do nothing where the provider keeps no cards', () => {
    world.psp.abilities.delete('tokenize');
    expect(world.till(false).can('token')).toBe(false);
    world.psp.abilities.add('tokenize');
    expect(world.till(false).can('token')).toBe(true);
  });
});

describe('what can be asked of a till', () => {
  it('needs a provider that takes cards, except to seal one', () => {
    world.psp.abilities.delete('raw_card');
    expect(['token', 'verify', 'charge'].map((outcome) => world.till().can(outcome as 'token'))).toEqual([
      ...[true, false, false],
    ]);
    world.psp.abilities.add('raw_card');
    expect(['token', 'verify', 'charge'].map((outcome) => world.till().can(outcome as 'token'))).toEqual([
      ...[true, true, true],
    ]);
  });

  it('is what the provider takes', () => {
    expect(world.till().amountFault({ amount: 49, currency: 'EUR' })).toMatch(/from 50/);
    expect(world.till().amountFault({ amount: 50, currency: 'EUR' })).toBeNull();
  });
});
