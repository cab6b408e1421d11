import { describe, expect, it } from '@jest/globals';
import { providerCode } from '../../src/psp/provider-code.js';

describe('providerCode', () => {
  it.each([
    ['do_not_honor', 'do_not_honor'],
    ['81-A1', '81-a1'],
    ['Insufficient Funds!', 'insufficientfunds'],
    ['declined_4242424242424242_123', 'declined__'],
    ['4242 4242 4242 4242', 'unknown'],
    ['x'.repeat(100), 'x'.repeat(64)],
    ['', 'unknown'],
  ])('makes of %j %s', (given, code) => {
    expect(providerCode(given)).toBe(code);
  });
});
