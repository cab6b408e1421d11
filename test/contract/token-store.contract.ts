import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { TokenStore } from '../../src/vault/token-store.js';
import { aPlace, aTokenRow, NOW, RETENTION } from '../support/token-row.js';

/** A store under test, and what can be seen of it from the side. */
export interface StoreUnderTest {
  store: TokenStore;
  /** Events in the outbox of a slot. */
  events: (merchant: string, bucket: number) => Promise<string[]>;
  /** A record that was written along, and the seconds it is kept. */
  written: (key: string) => Promise<{ value: string | null; ttlSeconds: number }>;
}

export function describeTokenStore(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(name, () => {
    const none = { events: ['{"none":true}'], writes: [] };

    it('keeps a row, its event and its records together', async () => {
      const { store, events, written } = await make();
      const place = aPlace(0x0a);
      const row = aTokenRow();
      const writes = [{ key: 'tw:c:{shop.0a}:cap', value: 'completed', ttlSeconds: 60 }];
      await store.put(place, row, RETENTION, { events: ['{"id":1}'], writes });
      expect(await store.get(place)).toEqual(row);
      expect(await events('shop', 0x0a)).toEqual(['{"id":1}']);
      expect(await written('tw:c:{shop.0a}:cap')).toEqual({ value: 'completed', ttlSeconds: 60 });
    });

    it('writes a row once, however often it is put', async () => {
      const { store, events } = await make();
      const place = aPlace(0x0b);
      const row = aTokenRow();
      await store.put(place, row, RETENTION, none);
      await store.put(place, row, RETENTION, none);
      expect(await events('shop', 0x0b)).toEqual(none.events);
    });

    it('finds nothing in another place', async () => {
      const { store } = await make();
      const place = aPlace(0x0c);
      await store.put(place, aTokenRow(), RETENTION, none);
      expect(await store.get({ ...place, merchant: 'shed' })).toBeNull();
      expect(await store.get({ ...place, bucket: 0x0d })).toBeNull();
      expect(await store.get(aPlace(0x0c))).toBeNull();
    });

    it('shreds a card once', async () => {
      const { store } = await make();
      const place = aPlace(0x0e);
      await store.put(place, aTokenRow(), RETENTION, none);
      expect(await store.destroy(place)).toBe(true);
      expect(await store.get(place)).toBeNull();
      expect(await store.destroy(place)).toBe(false);
    });

    it('keeps a provider’s name in the place of a card', async () => {
      const { store } = await make();
      const row = aTokenRow();
      const stored = { ...row, sealed: { ...row.sealed, holds: 'stored' as const, card: randomBytes(252) } };
      const place = aPlace(0x12);
      await store.put(place, stored, RETENTION, none);
      expect(await store.get(place)).toEqual(stored);
    });

    it('keeps what the network calls the payment with which a card came', async () => {
      const { store } = await make();
      const [row, place] = [aTokenRow(), aPlace(0x17)];
      const named = { ...row, sealed: { ...row.sealed, network: randomBytes(92) } };
      await store.put(place, named, RETENTION, none);
      expect(await store.get(place)).toEqual(named);
    });

    it('keeps a record without a seal: its token is as one that is spent', async () => {
      const { store, events } = await make();
      const place = aPlace(0x15);
      const row = { record: aTokenRow().record, sealed: null };
      await store.put(place, row, RETENTION, none);
      await store.put(place, row, RETENTION, none);
      expect(await events('shop', 0x15)).toEqual(none.events);
      expect(await store.get(place)).toBeNull();
      expect(await store.destroy(place)).toBe(false);
    });

    it('replaces what is still as it was read, and else does nothing', async () => {
      const { store, events, written } = await make();
      const key = 'tw:c:{shop.16}:chg';
      const puts = (value: string, replaces?: string) => {
        const record = { key, value, ttlSeconds: 60, ...(replaces !== undefined && { replaces }) };
        const place = aPlace(0x16);
        const put = store.put(place, aTokenRow(), RETENTION, { events: [`"${value}"`], writes: [record] });
        return { place, put };
      };
      await puts('sent').put;
      const [first, second] = [puts('approved', 'sent'), puts('approved again', 'sent')];
      await first.put;
      await expect(second.put).rejects.toMatchObject({ code: 'conflict' });
      expect((await written(key)).value).toBe('approved');
      expect(await events('shop', 0x16)).toEqual(['"sent"', '"approved"']);
      expect([await store.get(first.place), await store.get(second.place)]).toEqual([
        expect.anything(),
        null,
      ]);
    });

    it('keeps the first name of a first payment', async () => {
      const { store } = await make();
      const [place, row, network] = [aPlace(0x13), aTokenRow(), randomBytes(92)];
      await store.remember(place, network);
      expect(await store.get(place)).toBeNull();
      await store.put(place, row, RETENTION, none);
      await store.remember(place, network);
      await store.remember(place, randomBytes(92));
      expect(await store.get(place)).toEqual({ ...row, sealed: { ...row.sealed, network } });
    });

    it('counts how often a row is opened', async () => {
      const { store } = await make();
      const place = aPlace(0x14);
      for (let n = 0; n < 3; n++) expect(await store.opening(place, 2, 3_600)).toBe(0);
      await store.put(place, aTokenRow(), RETENTION, none);
      for (let n = 0; n < 2; n++) expect(await store.opening(place, 2, 3_600)).toBe(0);
      expect([3_599, 3_600]).toContain(await store.opening(place, 2, 3_600));
    });

    it('has no card whose end has come', async () => {
      const { store } = await make();
      const place = aPlace(0x0f);
      await store.put(place, aTokenRow(), { card: NOW - 1, record: NOW + 2_000 }, none);
      expect(await store.get(place)).toBeNull();
    });

    it('refuses records of another slot', async () => {
      const { store, events } = await make();
      const writes = [{ key: 'tw:c:{shop.11}:cap', value: 'x', ttlSeconds: 60 }];
      await expect(
        store.put(aPlace(0x10), aTokenRow(), RETENTION, { ...none, writes }),
      ).rejects.toMatchObject({ code: 'internal' });
      expect(await events('shop', 0x10)).toEqual([]);
    });

    it('keeps the first name of a fingerprint, for each merchant', async () => {
      const { store } = await make();
      const fingerprint = randomBytes(32);
      expect(await store.alias('shop', fingerprint, 'fpr_1', NOW + 100)).toBe('fpr_1');
      expect(await store.alias('shop', fingerprint, 'fpr_2', NOW + 50)).toBe('fpr_1');
      expect(await store.alias('shed', fingerprint, 'fpr_3', NOW + 100)).toBe('fpr_3');
      expect(await store.alias('shop', randomBytes(32), 'fpr_4', NOW + 100)).toBe('fpr_4');
    });
  });
}
