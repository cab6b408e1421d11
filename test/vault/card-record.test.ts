import { describe, expect, it } from '@jest/globals';
import { BRANDS } from '../../src/card/brands.js';
import { parseRecord, recordText, type CardRecord } from '../../src/vault/card-record.js';

const record: CardRecord = {
  ...{ brand: 'visa', last4: '4242', exp_month: 3, exp_year: 2034, fingerprint: '2H8K', purpose: 'single' },
  ...{ usage: 'many', channel: 'moto_attended', created: 1_763_769_600_123, expires: 1_765_065_600 },
  ...{ durability: 'local', consent: null, metadata: {}, networks: null, chosen_network: null },
};
const consent = { at: '2026-01-01T00:00:00Z', wording: 'v1' };

describe('a record', () => {
  it('is short, and has nothing at its end that is empty', () => {
    expect(recordText(record)).toBe('["vomal4242",203403,"2H8K",1763769600123,1765065600]');
    expect(recordText({ ...record, consent })).toMatch(/,1765065600,\["2026-01-01T00:00:00Z","v1"\]\]$/);
    expect(recordText({ ...record, metadata: { a: '1' } })).toMatch(/,1765065600,null,\{"a":"1"\}\]$/);
    const networks = ['cartes_bancaires', 'visa'] as const;
    expect(recordText({ ...record, networks })).toMatch(/,1765065600,null,\{\},"cv"\]$/);
    expect(recordText({ ...record, networks, chosen_network: 'visa' })).toMatch(/,null,\{\},"cv","v"\]$/);
  });

  it.each<Partial<CardRecord>>([
    {},
    { purpose: 'saved', usage: 'once', channel: 'moto_ivr', durability: 'replica' },
    { purpose: 'subscription', channel: 'ecommerce', durability: 'replica-fsync' },
    { purpose: 'dispute', brand: 'bancontact', exp_month: 12, exp_year: 2050 },
    { consent },
    { metadata: { order: 'A-1', 2: 'x', 1: 'y' } },
    { networks: ['cartes_bancaires'] },
    { networks: ['cartes_bancaires', 'mastercard'], chosen_network: 'mastercard' },
    { networks: ['visa'], consent, metadata: { order: 'A-1' } },
    { consent, metadata: { 'with "quotes"': '\u2028' } },
  ])('with %j reads as it was written', (members) => {
    const written = { ...record, ...members };
    expect(parseRecord(recordText(written))).toEqual(written);
  });

  it('of layout 1 reads as one of a token that can be charged many times', () => {
    const { usage, networks, chosen_network, ...named } = record;
    expect([networks, chosen_network]).toEqual([null, null]);
    expect(usage).toBe('many');
    expect(parseRecord(JSON.stringify({ ...named, fingerprint: 'fpr_2H8K' }))).toEqual(record);
    const other = { ...named, channel: 'ecommerce', consent } as const;
    expect(parseRecord(JSON.stringify({ ...other, fingerprint: 'fpr_2H8K' }))).toEqual({
      ...other,
      ...{ usage: 'many', networks, chosen_network },
    });
    const ivr = { ...named, channel: 'moto_ivr' } as const;
    expect(parseRecord(JSON.stringify({ ...ivr, fingerprint: 'fpr_2H8K' }))).toEqual({
      ...ivr,
      ...{ usage: 'many', networks, chosen_network },
    });
    expect(() => parseRecord(JSON.stringify({ ...named, fingerprint: '2H8K' }))).toThrow('can not be read');
    expect(() => parseRecord(JSON.stringify({ ...named, fingerprint: 'x_fpr_2H8K' }))).toThrow(
      'can not be read',
    );
  });

  it.each([
    ['no JSON', 'visa'],
    ['null', 'null'],
    ['empty', '[]'],
    ['with a letter that is none', '["vzmal4242",203403,"2H8K",1,2]'],
    ['with a member too many', '["vomal4242",203403,"2H8K",1,2,null,{},"cv","v",3]'],
    ['with a network that is none', '["vomal4242",203403,"2H8K",1,2,null,{},"cx"]'],
    ['with more in front of its face', '["xvomal4242",203403,"2H8K",1,2]'],
    ['with more behind its face', '["vomal42420",203403,"2H8K",1,2]'],
    ['with a consent that is none', '["vomal4242",203403,"2H8K",1,2,["a"]]'],
    ['without an end', '["vomal4242",203403,"2H8K",1]'],
    ['a member that is none', '{"brand":"visa","more":1}'],
  ])('that is %s is refused, and not repeated', (_, text) => {
    expect(() => parseRecord(text)).toThrow(
      expect.objectContaining({ code: 'internal', message: 'a card record can not be read' }),
    );
  });
});

it('each word of a record has a letter of its own', () => {
  const faces = BRANDS.map((brand) => recordText({ ...record, brand }).slice(0, 4));
  expect(new Set(faces).size).toBe(BRANDS.length);
  for (const brand of BRANDS)
    expect(parseRecord(recordText({ ...record, brand }))).toEqual({ ...record, brand });
});
