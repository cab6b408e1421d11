import { describe, expect, it } from '@jest/globals';
import { BRANDS, codeDigits, ISSUES, issueOf } from '../../src/card/brands.js';
import { bytes, CARDS, WITHOUT_LUHN } from './cards.js';

describe('issueOf', () => {
  it.each(CARDS)('tells %s by %s', (brand, number) => {
    const issue = issueOf(bytes(number));
    expect(issue?.brand).toBe(brand);
    expect(issue?.lengths).toContain(number.length);
  });

  it.each([
    ['the longest prefix', '622126', 'discover'],
    ['the longest prefix', '622125', 'unionpay'],
    ['the longest prefix', '622925', 'discover'],
    ['the longest prefix', '622926', 'unionpay'],
    ['a slice of another brand', '652149', 'discover'],
    ['a slice of another brand', '652150', 'rupay'],
    ['a slice of another brand', '655020', 'discover'],
    ['a slice of another brand', '655021', 'elo'],
    ['a slice of another brand', '817199', 'unionpay'],
    ['a slice of another brand', '817200', 'rupay'],
    ['a slice of another brand', '501900', 'dankort'],
    ['a slice of another brand', '506098', 'maestro'],
    ['a slice of another brand', '506099', 'verve'],
    ['a slice of another brand', '506198', 'verve'],
    ['a slice of another brand', '506199', 'maestro'],
    ['the ends of a range', '222099', undefined],
    ['the ends of a range', '222100', 'mastercard'],
    ['the ends of a range', '272099', 'mastercard'],
    ['the ends of a range', '272100', undefined],
    ['the ends of a range', '510000', 'mastercard'],
    ['the ends of a range', '559999', 'mastercard'],
    ['the ends of a range', '560000', 'maestro'],
    ['the ends of a range', '590000', undefined],
    ['the ends of a range', '352799', undefined],
    ['the ends of a range', '352800', 'jcb'],
    ['the ends of a range', '358999', 'jcb'],
    ['the ends of a range', '220499', 'mir'],
    ['the ends of a range', '220500', undefined],
    ['what is left of 6', '670399', 'bancontact'],
    ['what is left of 6', '670400', 'maestro'],
    ['what is left of 6', '643999', 'maestro'],
    ['what is left of 6', '644000', 'discover'],
    ['a co-badge as the number says', '457100', 'visa'],
    ['nothing at all', '000000', undefined],
  ])('goes by %s: %s', (_rule, start, brand) => {
    expect(issueOf(bytes(start))?.brand).toBe(brand);
  });

  it('knows no brand before the first digit', () => {
    expect(issueOf(bytes(''))).toBeNull();
  });
});

describe('the table', () => {
  it('has every brand', () => {
    expect(new Set(ISSUES.map((issue) => issue.brand))).toEqual(new Set(BRANDS));
  });

  it.each(ISSUES)('is sound in the row of $brand $prefixes', ({ prefixes, lengths, usual }) => {
    expect(prefixes).toMatch(/^(\d{1,6}(-\d{1,6})?)( \d{1,6}(-\d{1,6})?)*$/);
    for (const range of prefixes.split(' ')) {
      const [from = '', to = from] = range.split('-');
      expect(to).toHaveLength(from.length);
      expect(Number(from)).toBeLessThanOrEqual(Number(to));
    }
    expect(lengths).toEqual(lengths.toSorted((a, b) => a - b));
    if (usual !== null) expect(lengths).toContain(usual);
  });

  it('gives the length of the security code', () => {
    expect(BRANDS.filter((brand) => codeDigits(brand) === 4)).toEqual(['amex']);
    expect(BRANDS.filter((brand) => codeDigits(brand) === 0)).toEqual(['bancontact']);
  });

  it('takes UnionPay alone without Luhn', () => {
    expect(ISSUES.filter((issue) => !issue.luhn)).toEqual([issueOf(bytes(WITHOUT_LUHN))]);
  });
});
