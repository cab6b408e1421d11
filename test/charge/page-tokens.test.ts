import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DraftPage } from '../../src/charge/page-charges.js';
import { AppError } from '../../src/errors.js';
import { slotTag } from '../../src/redis/keys.js';
import { parseRecord } from '../../src/vault/card-record.js';
import type { TokenTerms, TokenView } from '../../src/vault/vault.js';
import { BUCKET, beforeScript, GRACE_MS, SHOP, startChargeWorld, type ChargeWorld } from './charge-world.js';

const CAPTURE = `cap_${'0'.repeat(26)}`;
const CONSENT = { at: '2026-11-22T10:00:00Z', wording: 'keep it' };
const SINGLE: TokenTerms = { purpose: 'single', usage: 'many', consent: null, metadata: { order: 'A-1' } };
const SAVED: TokenTerms = { purpose: 'saved', usage: 'many', consent: CONSENT, metadata: {} };
const EUR = { amount: 1250, currency: 'EUR' };

let world: ChargeWorld;
beforeAll(async () => {
  world = await startChargeWorld();
});
afterAll(() => world.stop());
beforeEach(async () => {
  await world.server.admin.flushall();
  const { psp, settled, audit } = world;
  psp.card = { brand: 'visa', last4: '4242', expMonth: 12, expYear: 2034, fingerprint: 'fp_1' };
  psp.networks = ['cartes_bancaires', 'visa'];
  psp.networkTransactionId = 'ntid_1';
  psp.kept.clear();
  settled.length = 0;
  audit.told.length = 0;
});

/** A page that somebody was shown. */
async function shown(token: TokenTerms): Promise<DraftPage> {
  const draft = await world.pages.draft({
    ...{ merchant: SHOP, bucket: BUCKET, captureId: CAPTURE, language: 'en', money: EUR, token },
    ...{ reference: 'order 7', description: 'order 7', returnUrl: 'https://pay.example/l/done' },
    expiresAt: new Date(Date.now() + 30 * 60_000).toISOString(),
  });
  for (const { key, value } of draft.writes) await world.redis.command('SET', key, value);
  await world.pages.publish(draft);
  return draft;
}

/** One that he has paid on. */
async function paid(token: TokenTerms): Promise<DraftPage> {
  const page = await shown(token);
  world.psp.pay(page.charge.view.id);
  return page;
}

const settle = ({ charge }: DraftPage) => world.settler.settle(SHOP, charge.view.id);
const rows = async (kind: 'r' | 's') => world.server.admin.keys(`tw:v:{${SHOP}.*}:${kind}:*`);
const types = async () => (await world.events()).map(({ type }) => type);
const told = async (type: string) => (await world.events()).find((event) => event.type === type)?.data;
const again = (token: string, idempotencyKey = 'k') =>
  world.charges.charge(SHOP, {
    ...{ token, ...EUR, reference: null, network: null, idempotencyKey, language: 'en' },
  });

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo().catch(() => false))) await new Promise((resolve) => void setTimeout(resolve, 10));
}

/** Does something between the making of a token and the write that makes it true, once. */
const beforeTheWrite = (work: () => Promise<unknown>): void => beforeScript(world.redis, 'vault-put', work);

describe('a card that is typed on a page, once it is paid', () => {
  it('has a token that is spent, in the charge, its event and that of its capture', async () => {
    const page = await paid(SINGLE);
    const { token, once, state, view } = await settle(page);
    expect({ once, state, view }).toMatchObject({ once: true, state: 'approved', view: { token } });
    expect(token).toMatch(/^tnw_/);
    expect(await types()).toEqual(['charge.approved', 'capture.completed']);
    expect(await told('charge.approved')).toMatchObject({ token, capture_id: CAPTURE });
    expect((await told('capture.completed'))?.['token']).toEqual({
      ...{ token, fingerprint: expect.stringMatching(/^fpr_/), channel: 'ecommerce' },
      card: {
        ...{ brand: 'visa', bin: null, last4: '4242', exp_month: 12, exp_year: 2034 },
        ...{ networks: ['cartes_bancaires', 'visa'], chosen_network: null },
      },
      ...{ purpose: 'single', usage: 'once', created_at: expect.any(String), expires_at: expect.any(String) },
    });
    expect([await rows('s'), world.psp.kept.size]).toEqual([[], 0]);
    await expect(again(token ?? '')).rejects.toMatchObject({ code: 'token_spent' });
  });

  it('leaves a record of what it was for, and can be refunded', async () => {
    const page = await paid(SINGLE);
    await settle(page);
    const [key = ''] = await rows('r');
    expect(parseRecord((await world.server.admin.get(key)) ?? '')).toMatchObject({
      ...{ last4: '4242', channel: 'ecommerce', purpose: 'single', usage: 'once' },
      ...{ consent: null, metadata: { order: 'A-1' } },
    });
    expect(await world.charges.refund(SHOP, page.charge.view.id, 250, 'k')).toMatchObject({ refunded: 250 });
  });

  it('that is kept is charged later as e-commerce, by the merchant, after its first payment', async () => {
    const { token } = await settle(await paid(SAVED));
    const name = [...world.psp.kept][0];
    expect(await world.vault.token(SHOP, token ?? '')).toMatchObject({
      ...{ channel: 'ecommerce', purpose: 'saved', usage: 'many', card: { last4: '4242' } },
    });
    const [key = ''] = await rows('r');
    expect(parseRecord((await world.server.admin.get(key)) ?? '')).toMatchObject({ consent: CONSENT });
    const charge = await again(token ?? '');
    expect(charge).toMatchObject({ status: 'approved', token });
    expect(world.psp.payments.get(charge.id)?.request).toMatchObject({
      ...{ instrument: name, code: false, entry: 'ecommerce', stored: true },
      ...{ unattended: true, networkTransactionId: 'ntid_1' },
    });
    // What a bank allows on the telephone isn't touched.
    expect(await world.server.admin.keys('tw:*moto*')).toEqual([]);
  });

  it.each<[string, TokenTerms, boolean]>([
    ['single', SINGLE, false],
    ['saved', SAVED, true],
    ['subscription', { ...SAVED, purpose: 'subscription' }, true],
    ['saved for one charge', { ...SAVED, usage: 'once' }, false],
  ])('and is %s is kept by the provider only where it is charged again', async (_, terms, kept) => {
    const { token, once } = await settle(await paid(terms));
    expect([world.psp.kept.size === 1, !once, (await rows('s')).length === 1]).toEqual([kept, kept, kept]);
    expect((await world.vault.token(SHOP, token ?? '')) !== null).toBe(kept);
  });

  it('has the fingerprint of the same card on another page, not of the one that was keyed', async () => {
    const fingerprintOf = async () => {
      const data = await told('capture.completed');
      return (data?.['token'] as TokenView | undefined)?.fingerprint;
    };
    await settle(await paid(SINGLE));
    const first = await fingerprintOf();
    expect(first).toMatch(/^fpr_/);
    await world.server.admin.del(`tw:o:${slotTag(SHOP, BUCKET)}`);
    await settle(await paid(SAVED));
    expect(await fingerprintOf()).toBe(first);
    const keyed = await world.vault.token(SHOP, await world.token());
    expect(keyed?.fingerprint).not.toBe(first);
  });

  it('has none where the provider does not show it, and what it keeps for nobody is forgotten', async () => {
    world.psp.card = null;
    expect(await settle(await paid(SAVED))).toMatchObject({
      ...{ state: 'approved', token: null, view: { token: null } },
    });
    expect(await told('capture.completed')).toEqual({});
    expect([await rows('r'), world.psp.kept.size]).toEqual([[], 0]);
  });

  it('that the provider was to keep and has not is spent', async () => {
    const page = await shown(SAVED);
    world.psp.pay(page.charge.view.id, { kept: false });
    const { token } = await settle(page);
    await expect(again(token ?? '')).rejects.toMatchObject({ code: 'token_spent' });
  });

  it('is told to the audit trail', async () => {
    const { token } = await settle(await paid(SAVED));
    expect(token).not.toBeNull();
    expect(world.audit.told.map(([type, outcome]) => `${type} ${outcome}`)).toEqual([
      'charge.settle intent',
      'charge.settle done',
    ]);
  });
});

describe('the token of a page', () => {
  it('is one, however many settle its charge at once', async () => {
    const page = await paid(SAVED);
    const closed = await Promise.all(Array.from({ length: 10 }, () => settle(page)));
    expect(new Set(closed.map(({ token }) => token)).size).toBe(1);
    expect([await rows('s'), await rows('r')]).toMatchObject([{ length: 1 }, { length: 1 }]);
    expect(await types()).toEqual(['charge.approved', 'capture.completed']);
    expect(world.psp.kept.size).toBe(1);
  });

  it('is made again when its capture changes meanwhile, and then there is still one', async () => {
    const capture = `tw:c:${slotTag(SHOP, BUCKET)}:${CAPTURE}`;
    await world.server.admin.set(capture, 'opened');
    const page = await paid(SAVED);
    beforeTheWrite(() => world.server.admin.set(capture, 'authenticated'));
    const { token } = await settle(page);
    expect(await world.vault.token(SHOP, token ?? '')).not.toBeNull();
    expect([await rows('s'), await rows('r')]).toMatchObject([{ length: 1 }, { length: 1 }]);
    expect(await types()).toEqual(['charge.approved', 'capture.completed']);
    expect(await world.server.admin.get(capture)).toBe('approved');
  });

  it('is there or is not when the process dies over it, and the next one finds out', async () => {
    const page = await paid(SAVED);
    beforeTheWrite(() => Promise.reject(new AppError('internal', 'the process dies')));
    await expect(settle(page)).rejects.toMatchObject({ code: 'vault_unavailable' });
    expect([await rows('s'), await rows('r'), await types()]).toEqual([[], [], []]);
    expect((await settle(page)).state).toBe('approved');

    const second = await paid(SAVED);
    const run = world.redis.run.bind(world.redis);
    world.redis.run = async (script, keys, args) => {
      const reply = await run(script, keys, args);
      if (script.name !== 'vault-put') return reply;
      world.redis.run = run;
      throw new AppError('internal', 'the process dies');
    };
    await expect(settle(second)).rejects.toMatchObject({ code: 'vault_unavailable' });
    const { state, token } = await settle(second);
    expect(state).toBe('approved');
    expect(await world.vault.token(SHOP, token ?? '')).not.toBeNull();
    expect((await rows('s')).length).toBe(2);
    expect((await types()).filter((type) => type === 'charge.approved')).toHaveLength(2);
  });

  it('whose write was made, and its answer lost, is that one', async () => {
    const page = await paid(SAVED);
    const run = world.redis.run.bind(world.redis);
    world.redis.run = async (script, keys, args) => {
      const reply = await run(script, keys, args);
      if (script.name !== 'vault-put') return reply;
      world.redis.run = run;
      throw new AppError('redis_unavailable', 'the answer is lost');
    };
    const { token } = await settle(page);
    expect(await world.vault.token(SHOP, token ?? '')).not.toBeNull();
    expect([await rows('s'), await types()]).toMatchObject([{ length: 1 }, { length: 2 }]);
  });

  it.each([
    ['before', 0],
    ['over', 1],
    ['after', 5],
  ])('is one though Redis is killed %s its write', async (_, ms) => {
    const page = await paid(SAVED);
    const { server, redis, store } = world;
    beforeTheWrite(async () => {
      if (ms === 0) server.kill();
      else setTimeout(() => server.kill(), ms);
    });
    const settled = await settle(page).catch(() => null);
    await until(async () => redis.ready && (await store.get(SHOP, page.charge.view.id)) !== null);
    const { state, token } = settled ?? (await settle(page));
    expect(state).toBe('approved');
    await server.admin.ping();
    expect(await world.vault.token(SHOP, token ?? '')).not.toBeNull();
    expect([await rows('s'), await rows('r')]).toMatchObject([{ length: 1 }, { length: 1 }]);
    expect(await types()).toEqual(['charge.approved', 'capture.completed']);
  });

  it('is none once its charge was settled as declined: the money goes back, the card is forgotten', async () => {
    const page = await paid(SAVED);
    const { id } = page.charge.view;
    beforeTheWrite(() =>
      world.store.change(SHOP, id, (now) => ({
        ...{ record: { ...now, state: 'declined', view: { ...now.view, status: 'declined' } } },
        ...{ events: [], writes: [], frees: true },
      })),
    );
    expect(await settle(page)).toMatchObject({ state: 'declined', token: null });
    expect([await rows('s'), await rows('r')]).toEqual([[], []]);
    expect(world.psp.pages.get(id)).toMatchObject({ status: 'approved', refunded: 1250 });
    await until(async () => world.psp.kept.size === 0);
  });

  it('is none where nobody has paid', async () => {
    const page = await shown(SAVED);
    world.pass(30 * 60_000 + GRACE_MS);
    expect(await settle(page)).toMatchObject({ state: 'declined', token: null });
    expect([await rows('s'), await rows('r')]).toEqual([[], []]);
    world.pass(-30 * 60_000 - GRACE_MS);
  });
});
