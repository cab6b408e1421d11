import { describe, expect, it } from '@jest/globals';
import { blankCard } from '../../src/psp/card-echo.js';
import { Secret } from '../../src/secret.js';

describe('blankCard', () => {
  it.each([
    ['number 4242424242424242 refused', 'number xxxxxxxxxxxxxxxx refused'],
    ['4242 4242 4242 4242', 'xxxxxxxxxxxxxxxxxxx'],
    ['4242-4242-4242-4242.', 'xxxxxxxxxxxxxxxxxxx.'],
    ['44242424242424242', '4xxxxxxxxxxxxxxxx'],
    ['42424242424242424242424242424242', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'],
  ])('blanks %s', (echo, blanked) => {
    expect(blankedOf(echo)).toBe(blanked);
  });

  it.each(['{"last4":"4242"}', '424242424242424', '5555555555554444', '4242424242424243', ''])(
    'leaves %s alone',
    (answer) => {
      expect(blankedOf(answer)).toBe(answer);
    },
  );
});

function blankedOf(answer: string): string {
  const bytes = Buffer.from(answer);
  blankCard(bytes, Secret.of(Uint8Array.from('4242424242424242', Number)));
  return bytes.toString();
}
