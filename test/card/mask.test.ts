import { describe, expect, it } from '@jest/globals';
import { cardView } from '../../src/card/card.js';
import { dots, maskedNumber } from '../../src/card/mask.js';
import { Secret } from '../../src/secret.js';
import { bytes, CARDS } from './cards.js';

describe('what is shown of a card', () => {
  it('is one dot a digit while it is keyed', () => {
    expect([dots(0), dots(1), dots(7)]).toEqual(['', '•', '•••••••']);
  });

  it('is the last four of an accepted number', () => {
    expect(maskedNumber(bytes('4242424242424242'))).toBe('••••••••••••4242');
    expect(maskedNumber(bytes('501800000009'))).toBe('••••••••0009');
  });

  it('has the first six of 15 digits and more', () => {
    const number = Secret.of(bytes('378282246310005'));
    expect(cardView({ brand: 'amex', number, expMonth: 12, expYear: 2034 })).toEqual({
      brand: 'amex',
      bin: '378282',
      last4: '0005',
      exp_month: 12,
      exp_year: 2034,
      networks: null,
      chosen_network: null,
    });
  });

  it('has no first six of 14 digits and less', () => {
    const number = Secret.of(bytes('36227206271667'));
    expect(cardView({ brand: 'diners', number, expMonth: 1, expYear: 2030 })).toEqual({
      brand: 'diners',
      bin: null,
      last4: '1667',
      exp_month: 1,
      exp_year: 2030,
      networks: null,
      chosen_network: null,
    });
  });

  it.each(CARDS)('hides five digits or more, eight of a short number: %s %s', (brand, number) => {
    const view = cardView({ brand, number: Secret.of(bytes(number)), expMonth: 1, expYear: 2030 });
    const hidden = number.length - view.last4.length - (view.bin?.length ?? 0);
    expect(hidden).toBeGreaterThanOrEqual(number.length <= 14 ? 8 : 5);
  });
});
