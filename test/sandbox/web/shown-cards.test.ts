import { describe, expect, it } from '@jest/globals';
import { luhn } from '../../../src/card/luhn.js';
import { isTestNumber } from '../../../src/card/test-numbers.js';
import { SHOWN_CARDS } from '../../../src/sandbox/web/shown-cards.js';

const digits = (number: string) => Uint8Array.from(number.replaceAll(' ', ''), Number);

describe('the cards on the phone page', () => {
  it('are published test numbers, but for the wrong one', () => {
    expect(SHOWN_CARDS.filter(({ number }) => !isTestNumber(digits(number)))).toEqual([
      { name: 'Visa', number: '4242 4242 4242 4241', ending: '', valid: false },
    ]);
  });

  it('say truly which are valid', () => {
    for (const { number, valid } of SHOWN_CARDS) expect(luhn(digits(number))).toBe(valid);
  });
});
