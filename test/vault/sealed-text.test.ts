import { describe, expect, it } from '@jest/globals';
import { Secret } from '../../src/secret.js';
import { bindingOf } from '../../src/vault/envelope.js';
import {
  openBin,
  openNetworkId,
  openStored,
  sealBin,
  sealNetworkId,
  sealStored,
} from '../../src/vault/sealed-text.js';

const binding = bindingOf(2, { merchant: 'shop', bucket: 0, index: Buffer.alloc(16, 1) }, '["visa"]');
const key = Secret.of(new Uint8Array(32).fill(9));

describe('a sealed text', () => {
  it('opens as it was', () => {
    expect(openBin(key, sealBin(key, '424242', binding), binding)).toBe('424242');
    expect(openBin(key, sealBin(key, null, binding), binding)).toBeNull();
    expect(openNetworkId(key, sealNetworkId(key, 'MCC0001234567', binding), binding)).toBe('MCC0001234567');
    const stored = { provider: 'stripe', reference: 'pm_1' };
    expect(openStored(key, sealStored(key, stored, binding), binding)).toEqual(stored);
  });

  it('is as long whatever it says', () => {
    const of = (length: number) => ({ provider: 'stripe', reference: 'x'.repeat(length) });
    expect([1, 200].map((length) => sealStored(key, of(length), binding).length)).toEqual([252, 252]);
    expect([1, 64].map((length) => sealNetworkId(key, 'x'.repeat(length), binding).length)).toEqual([92, 92]);
    expect(['424242', null].map((bin) => sealBin(key, bin, binding).length)).toEqual([34, 34]);
  });

  it('has a bound', () => {
    expect(() => sealNetworkId(key, 'x'.repeat(65), binding)).toThrow(RangeError);
    const stored = { provider: 'stripe', reference: 'x'.repeat(218) };
    expect(() => sealStored(key, stored, binding)).toThrow(RangeError);
  });

  it.each(['', 'two words', 'é', 'line\n'])('is no name when it is %j', (text) => {
    expect(() => sealNetworkId(key, text, binding)).toThrow(RangeError);
    expect(() => sealStored(key, { provider: 'stripe', reference: text }, binding)).toThrow(RangeError);
    expect(() => sealStored(key, { provider: text, reference: 'pm_1' }, binding)).toThrow(RangeError);
  });

  it('does not stand in for another', () => {
    const sealed = sealNetworkId(key, 'x', binding);
    expect(openBin(key, sealed, binding)).toBeUndefined();
    expect(openStored(key, sealed, binding)).toBeUndefined();
    expect(openNetworkId(key, sealBin(key, '424242', binding), binding)).toBeUndefined();
  });
});
