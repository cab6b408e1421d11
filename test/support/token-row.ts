import { randomBytes } from 'node:crypto';
import { recordText } from '../../src/vault/card-record.js';
import type { Retention } from '../../src/vault/retention.js';
import type { Place, TokenRow } from '../../src/vault/token-store.js';

/** Seconds since the epoch. */
export const NOW = Math.floor(Date.now() / 1000);
export const RETENTION: Retention = { card: NOW + 1_000, record: NOW + 2_000 };

/** A row of as many bytes as the vault's, sealed by nobody. */
export function aTokenRow(): TokenRow {
  return {
    record: recordText({
      brand: 'visa',
      last4: '4242',
      exp_month: 12,
      exp_year: 2034,
      networks: null,
      chosen_network: null,
      fingerprint: 'fpr_0',
      purpose: 'saved',
      usage: 'many',
      channel: 'moto_attended',
      created: NOW * 1000,
      expires: RETENTION.card,
      durability: 'local',
      consent: { at: '2026-01-01T00:00:00Z', wording: 'v1' },
      metadata: { order: 'A-1' },
    }),
    sealed: {
      layout: 2,
      keyVersion: 'k1',
      dataKey: randomBytes(60),
      holds: 'card',
      card: randomBytes(60),
      bin: randomBytes(34),
      network: null,
    },
  };
}

/** A place of this slot where no row is. */
export function aPlace(bucket: number): Place {
  return { merchant: 'shop', bucket, index: randomBytes(16) };
}
