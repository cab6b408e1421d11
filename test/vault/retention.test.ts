import { expect, it } from '@jest/globals';
import { LONGEST_S, recordEnds, retentionOf } from '../../src/vault/retention.js';
import type { Purpose } from '../../src/vault/vault.js';

const created = Date.UTC(2026, 10, 21);
const later = { expMonth: 12, expYear: 2034 };
const thisMonth = { expMonth: 11, expYear: 2026 };

it.each<[Purpose, typeof later, string]>([
  ['single', later, '2026-12-06T00:00:00.000Z'],
  ['single', thisMonth, '2026-12-02T12:00:00.000Z'],
  ['saved', later, '2035-01-02T12:00:00.000Z'],
  ['subscription', later, '2035-01-02T12:00:00.000Z'],
  ['dispute', later, '2027-12-26T00:00:00.000Z'],
  ['dispute', thisMonth, '2027-12-26T00:00:00.000Z'],
])('a %s card %j goes at %s, its record 400 days later', (purpose, card, end) => {
  const retention = retentionOf(purpose, card, created, 15);
  expect(new Date(retention.card * 1000).toISOString()).toBe(end);
  expect(retention.record - retention.card).toBe(400 * 86_400);
});

it('a card that is good for one more second in the last time zone can be kept', () => {
  const lastSecond = Date.UTC(2026, 11, 1, 11, 59, 59);
  expect(retentionOf('single', thisMonth, lastSecond, 15).card * 1000).toBeGreaterThan(lastSecond);
});

it('the longest that anything is kept is that of a card of twenty years, whatever a provider says', () => {
  const longest = retentionOf('saved', { expMonth: 11, expYear: 2046 }, created, 15).record - created / 1000;
  expect(LONGEST_S).toBeGreaterThanOrEqual(longest);
  expect(LONGEST_S - longest).toBeLessThan(60 * 86_400);
  expect(retentionOf('saved', { expMonth: 12, expYear: 2099 }, created, 15).record - created / 1000).toBe(
    LONGEST_S,
  );
  expect(recordEnds(1_000)).toBe(1_000 + 400 * 86_400);
});
