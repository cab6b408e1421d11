import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { CardSecret } from '../../src/card/card.js';
import { Secret } from '../../src/secret.js';
import {
  aadOf,
  newDataKey,
  openBin,
  openCard,
  sealBin,
  sealCard,
  type Binding,
} from '../../src/vault/envelope.js';
import { canaryNumber } from '../support/needles.js';

const binding: Binding = {
  merchant: 'shop',
  index: Buffer.alloc(16, 1),
  purpose: 'single',
  expires: 2_000_000_000,
};
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

  it.each<[string, Partial<Binding>]>([
    ['another merchant', { merchant: 'shed' }],
    ['another row', { index: Buffer.alloc(16, 2) }],
    ['another purpose', { purpose: 'saved' }],
    ['a stretched date', { expires: 2_000_000_001 }],
  ])('does not open for %s', (_, other) => {
    const sealed = sealCard(key, card(16), binding);
    expect(openCard(key, sealed, { ...binding, ...other })).toBeNull();
    expect(openBin(key, sealBin(key, '424242', binding), { ...binding, ...other })).toBeUndefined();
  });

  it('does not open with a bit flipped, anywhere', () => {
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

it('a BIN opens as it was, and so does none', () => {
  expect(openBin(key, sealBin(key, '424242', binding), binding)).toBe('424242');
  expect(openBin(key, sealBin(key, null, binding), binding)).toBeNull();
  expect(sealBin(key, null, binding)).toHaveLength(sealBin(key, '424242', binding).length);
});

it('data keys are fresh', () => {
  const [a, b] = [newDataKey(), newDataKey()];
  expect(a.length).toBe(32);
  expect([...a.reveal()]).not.toEqual([...b.reveal()]);
});

it('two bindings never share one encoding', () => {
  const anyBinding = fc.record({
    merchant: fc.string({ maxLength: 3 }),
    index: fc.uint8Array({ maxLength: 3 }).map((bytes) => Buffer.from(bytes)),
    purpose: fc.constantFrom('single' as const, 'saved' as const, 'subscription' as const),
    expires: fc.nat({ max: 3 }),
  });
  fc.assert(
    fc.property(anyBinding, anyBinding, (a, b) => {
      const same = JSON.stringify(a) === JSON.stringify(b);
      expect(aadOf('card', a).equals(aadOf('card', b))).toBe(same);
      expect(aadOf('card', a).equals(aadOf('bin', a))).toBe(false);
    }),
  );
});
