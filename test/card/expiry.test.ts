import { describe, expect, it } from '@jest/globals';
import { latestMonth, readExpiry } from '../../src/card/expiry.js';
import { bytes } from './cards.js';

const NOVEMBER_2026 = { year: 2026, month: 11 };

describe('readExpiry', () => {
  it.each([
    ['this month', '1126', { year: 2026, month: 11 }],
    ['next month', '1226', { year: 2026, month: 12 }],
    ['January', '0127', { year: 2027, month: 1 }],
    ['twenty years ahead', '1146', { year: 2046, month: 11 }],
    ['a month more than twenty years ahead', '1246', null],
    ['last month', '1026', null],
    ['last year', '1225', null],
    ['month 00', '0030', null],
    ['month 13', '1330', null],
    ['three digits', '123', null],
    ['no digit', '', null],
    ['five digits', '12345', null],
  ])('%s: %s', (_what, keyed, month) => {
    expect(readExpiry(bytes(keyed), NOVEMBER_2026)).toEqual(month);
  });

  it('reads years over the turn of the century', () => {
    expect(readExpiry(bytes('0305'), { year: 2095, month: 1 })).toEqual({ year: 2105, month: 3 });
  });
});

describe('latestMonth', () => {
  it('is still the old month on the last shore', () => {
    expect(latestMonth(Date.parse('2026-12-01T11:59:59Z'))).toEqual({ year: 2026, month: 11 });
    expect(latestMonth(Date.parse('2026-12-01T12:00:00Z'))).toEqual({ year: 2026, month: 12 });
    expect(latestMonth(Date.parse('2027-01-01T11:59:59Z'))).toEqual({ year: 2026, month: 12 });
  });
});
