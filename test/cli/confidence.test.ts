import { describe, it, expect } from '@jest/globals';
import { confidenceOf } from '../../src/cli/confidence.js';

/** Groups as words. */
function confidence(words: string): string {
  const groups: number[] = [];
  let length = 0;
  for (const word of words.split(' ')) {
    groups.push(length);
    length += word.length;
  }
  return confidenceOf(Uint8Array.from(words.replaceAll(' ', ''), Number), groups);
}

describe('keyed digits', () => {
  it.each([
    ['a Visa number', '4242424242424242'],
    ['an American Express number', '378282246310005'],
    ['a Maestro number of 12', '676770000005'],
    ['in the groups of the card', '4242 4242 4242 4242'],
    ['after a choice in a menu', '1 4242424242424242'],
    ['after a false start', '42424 4242424242424242'],
    ['with expiry and code', '4242424242424242 1234 123'],
    ['with expiry and code in one go', '42424242424242421234123'],
    ['with a code in one go', '3782822463100051234'],
    ['two cards', '123456789012 5555555555554444'],
  ])('are a card number for certain: %s', (_, words) => {
    expect(confidence(words)).toBe('high');
  });

  it.each([
    ['a wrong check digit', '4242424242424241'],
    ['no brand', '0000000000000000'],
    ['a length that its brand has not', '42424242424242'],
    ['a card number within a group', '14242424242424242'],
    ['a card number across a part of a group', '12424242 4242424242'],
    ['short groups', '1 1234 12345678 4'],
  ])('may be anything: %s', (_, words) => {
    expect(confidence(words)).toBe('low');
  });
});
