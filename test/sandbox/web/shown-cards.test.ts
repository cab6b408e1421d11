import { describe, expect, it } from '@jest/globals';
import { luhn } from '../../../src/card/luhn.js';
import { isTestNumber } from '../../../src/card/test-numbers.js';
import { CARD_SCENARIOS } from '../../../src/psp/simulated/scenarios.js';
import { SHOWN_CARDS, digitsOf, grouped, shownCode } from '../../../src/sandbox/web/shown-cards.js';

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

  it('are keyed with a code as long as the brand’s', () => {
    const lengths = new Map(SHOWN_CARDS.map((card) => [card.name, shownCode(card).length]));
    expect([lengths.get('American Express'), lengths.get('Visa')]).toEqual([4, 3]);
  });

  it('are among those whose answer the home page tells', () => {
    const told = SHOWN_CARDS.map(digitsOf).filter((number) => number in CARD_SCENARIOS);
    expect(told.map((number) => CARD_SCENARIOS[number]?.name)).toEqual([
      'wrong_code',
      'declined',
      'asks_bank',
      'wrong_number',
    ]);
    expect(grouped('6205500000000000004')).toBe('6205 5000 0000 0000 004');
  });
});
