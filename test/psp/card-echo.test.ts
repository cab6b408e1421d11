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
    [
      '{"message":"card 4242424242424242 with code 123"}',
      '{"message":"card xxxxxxxxxxxxxxxx with code xxx"}',
    ],
    ['{"cvc":"123"}', '{"cvc":"xxx"}'],
    ['{"message":"a line\\n123 \\"123\\""}', '{"message":"a line\\nxxx \\"xxx\\""}'],
    ['the code 123 is wrong', 'the code xxx is wrong'],
    ['123', 'xxx'],
  ])('blanks %s', (echo, blanked) => {
    expect(blankedOf(echo)).toBe(blanked);
  });

  it.each([
    ...['{"last4":"4242"}', '424242424242424', '5555555555554444', '4242424242424243', ''],
    ...['{"amount":123}', '{"id":"pay_A123"}', '{"id":"pay-123-B"}', '{"time":"1123"}', '{"time":"1234"}'],
    ...['{"wrong":"12"}', '{"wrong":"12', '{"id":"pay_\\u00e9"}'],
  ])('leaves %s alone', (answer) => {
    expect(blankedOf(answer)).toBe(answer);
  });
});

function blankedOf(answer: string): string {
  const bytes = Buffer.from(answer);
  const secret = (digits: string) => Secret.of(Uint8Array.from(digits, Number));
  blankCard(bytes, secret('4242424242424242'), secret('123'));
  return bytes.toString();
}
