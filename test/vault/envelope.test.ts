import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { CardSecret } from '../../src/card/card.js';
import { Secret } from '../../src/secret.js';
import { aadOf, bindingOf, newDataKey, openCard, sealCard } from '../../src/vault/envelope.js';
import { openBin, sealBin } from '../../src/vault/sealed-text.js';
import { canaryNumber } from '../support/needles.js';

const place = { merchant: 'shop', bucket: 0xa3, index: Buffer.alloc(16, 1) };
const binding = bindingOf(2, place, '["visa"]');
const LAYOUT_1 =
  '{"brand":"visa","last4":"4242","exp_month":12,"exp_year":2034,"fingerprint":"fpr_0","purpose":"single",' +
  '"channel":"moto_attended","created":0,"expires":2000000000,"durability":"local","consent":null,"metadata":{}}';
const key = Secret.of(new Uint8Array(32).fill(9));

function card(length: number): CardSecret {
  const number = Secret.of(canaryNumber('400000', length));
  return { brand: 'visa', number, expMonth: 12, expYear: 2034 };
}

describe('a sealed card', () => {
  it.each([12, 13, 14, 15, 16, 18, 19])('of %i digits opens as it was', (length) => {
    const sealed = card(length);
    const opened = openCard(key, sealCard(key, sealed, binding), binding);
    expect([...(opened?.number.reveal() ?? [])]).toEqual([...sealed.number.reveal()]);
    expect(opened).toMatchObject({ expMonth: 12, expYear: 2034 });
  });

  it('is as long for every number', () => {
    const lengths = [12, 16, 19].map((length) => sealCard(key, card(length), binding).length);
    expect(lengths).toEqual([60, 60, 60]);
  });

  it('holds 19 digits at most', () => {
    const number = Secret.of(new Uint8Array(20));
    expect(() => sealCard(key, { ...card(16), number }, binding)).toThrow(RangeError);
  });

  it.each([
    ['another merchant', bindingOf(2, { ...place, merchant: 'shed' }, '["visa"]')],
    ['another row', bindingOf(2, { ...place, index: Buffer.alloc(16, 2) }, '["visa"]')],
    ['another record', bindingOf(2, place, '["visb"]')],
    ['another layout', bindingOf(1, place, LAYOUT_1)],
  ])('does not open for %s', (_, other) => {
    const sealed = sealCard(key, card(16), binding);
    expect(openCard(key, sealed, other)).toBeNull();
    expect(openBin(key, sealBin(key, '424242', binding), other)).toBeUndefined();
  });

  it('A46: does not open with a bit flipped, anywhere', () => {
    const sealed = sealCard(key, card(16), binding);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const flipped = Buffer.from(sealed);
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(openCard(key, flipped, binding)).toBeNull();
    }
  });

  it('does not stand in for a BIN, nor a BIN for it', () => {
    expect(openBin(key, sealCard(key, card(16), binding), binding)).toBeUndefined();
    expect(openCard(key, sealBin(key, '424242', binding), binding)).toBeNull();
  });
});

it('data keys are fresh', () => {
  const [a, b] = [newDataKey(), newDataKey()];
  expect(a.length).toBe(32);
  expect([...a.reveal()]).not.toEqual([...b.reveal()]);
});

it('two bindings never share one encoding', () => {
  const anyPlace = fc.record({
    merchant: fc.string({ maxLength: 3 }),
    bucket: fc.constant(0),
    index: fc.uint8Array({ maxLength: 3 }).map((bytes) => Buffer.from(bytes)),
  });
  const anyRecord = fc.string({ maxLength: 2 });
  fc.assert(
    fc.property(anyPlace, anyRecord, anyPlace, anyRecord, (a, mine, b, theirs) => {
      const same = JSON.stringify([a, mine]) === JSON.stringify([b, theirs]);
      const [one, other] = [bindingOf(2, a, mine), bindingOf(2, b, theirs)];
      expect(aadOf('card', one).equals(aadOf('card', other))).toBe(same);
      expect(aadOf('card', one).equals(aadOf('bin', one))).toBe(false);
    }),
  );
});

it('a row of layout 1 is bound to the purpose and the end of its record', () => {
  expect(aadOf('bin', bindingOf(1, place, LAYOUT_1)).toString('latin1')).toBe(
    `\x01\0\0\0\0\x77\x35\x94\0\0\x03bin\0\x04shop\0\x10${'\x01'.repeat(16)}\0\x06single`,
  );
});

it.each([0, 3, Number.NaN])('there is no layout %d', (layout) => {
  expect(() => bindingOf(layout, place, '[]')).toThrow(expect.objectContaining({ code: 'internal' }));
});
