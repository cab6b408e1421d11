import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { KeyCell, NO_KEY, Secret } from '../src/secret.js';

describe('Secret', () => {
  it('prints as [secret] wherever it is printed', () => {
    const secret = Secret.of(Uint8Array.of(4, 2));
    expect([String(secret), JSON.stringify({ secret }), inspect(secret)]).toEqual([
      '[secret]',
      '{"secret":"[secret]"}',
      '[secret]',
    ]);
  });

  it('lives off the V8 heap, where a wipe reaches every copy', () => {
    expect(new Secret(1).reveal().buffer.byteLength).toBeGreaterThanOrEqual(128);
  });

  it('reveals its own bytes and zeroes them', () => {
    const secret = new Secret();
    secret.push(7);
    const bytes = secret.reveal();
    expect([...bytes]).toEqual([7]);
    secret.wipe();
    expect([...bytes]).toEqual([0]);
    expect(secret.length).toBe(0);
  });

  it('is bounded', () => {
    const secret = new Secret(128);
    for (let i = 0; i < 128; i++) secret.push(1);
    expect(() => secret.push(1)).toThrow(RangeError);
  });
});

describe('KeyCell', () => {
  it('shows no key and forgets it', () => {
    const cell = new KeyCell();
    cell.key = 5;
    expect([inspect(cell), JSON.stringify(cell)]).toEqual(['[secret]', '"[secret]"']);
    cell.clear();
    expect(cell.key).toBe(NO_KEY);
  });
});
