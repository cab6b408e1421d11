import { describe, expect, it } from '@jest/globals';
import { formBody } from '../../src/psp/form-body.js';
import { Secret } from '../../src/secret.js';

const NUMBER = digits('6205500000000000004');

describe('formBody', () => {
  it('writes what is there, escaped', () => {
    const form = formBody({ 'metadata[reference]': 'n° 7 & co', off: true, amount: 1_250, network: null });
    expect(form.toString()).toBe('metadata%5Breference%5D=n%C2%B0+7+%26+co&off=true&amount=1250');
  });

  it('writes digits behind it, and leaves out a code that was not asked for', () => {
    const form = formBody({ a: 1 }, { 'card[number]': NUMBER, 'card[code]': null });
    expect(form.toString()).toBe('a=1&card%5Bnumber%5D=6205500000000000004');
  });

  it('stays off the heap of V8, whatever its length', () => {
    for (const fields of [{ a: 1 }, { a: 'é'.repeat(2_000) }]) {
      const form = formBody(fields, { number: NUMBER });
      expect(form.buffer.byteLength).toBeGreaterThanOrEqual(128);
      expect(form.toString().endsWith('&number=6205500000000000004')).toBe(true);
    }
  });
});

function digits(text: string): Secret {
  return Secret.of(Uint8Array.from(text, Number));
}
