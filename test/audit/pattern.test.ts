import { describe, expect, it } from '@jest/globals';
import type { AuditNote } from '../../src/audit/audit-entry.js';
import { MAX_WATCHED, PATTERNS, PatternWatch, type Sighting } from '../../src/audit/pattern.js';
import { note } from './chains.js';

const NOON = Date.parse('2027-06-30T12:00:00Z');
const SECOND = 1_000;
const MINUTE = 60_000;

/** Entries, one each `every` ms, and what is seen in them. */
function replay(
  entries: readonly AuditNote[],
  every: number,
  watch = new PatternWatch(null),
): (Sighting & { entry: number })[] {
  return entries.flatMap((entry, at) =>
    watch.take(entry, NOON + at * every).map((sighting) => ({ ...sighting, entry: at + 1 })),
  );
}

function times(count: number, more: Partial<AuditNote>): AuditNote[] {
  return Array.from({ length: count }, (_, i) => note(`r${i}`, more));
}

const read = { type: 'token.read', outcome: 'intent' } as const;
const refused = { actor: 'unknown', outcome: 'refused' } as const;
const declined = { type: 'charge.declined', outcome: 'refused' } as const;

describe('an entry log with', () => {
  it('many readings of one actor is an alert, at the one that makes them many', () => {
    expect(replay(times(320, read), SECOND)).toEqual([
      { pattern: 'opens', who: 'crm', count: 300, entry: 300 },
    ]);
  });

  it('readings by many actors is none, and neither are they in the course of a day', () => {
    expect(replay([...times(299, read), ...times(299, { ...read, actor: 'erp' })], SECOND)).toEqual([]);
    expect(replay(times(500, read), 7 * SECOND)).toEqual([]);
  });

  it('a burst of refusals at one address is an alert, whatever they are of', () => {
    const types = ['access.unauthorized', 'access.forbidden', 'access.absent', 'access.ticket'] as const;
    const knocking = Array.from({ length: 8 }, () => types.map((type) => note('a', { ...refused, type })));
    expect(replay(knocking.flat(), SECOND)).toEqual([
      { pattern: 'refusals', who: '192.0.2.1', count: 30, entry: 30 },
    ]);
  });

  it('wrong signatures from one address is an alert', () => {
    expect(replay(times(10, { ...refused, type: 'access.signature' }), 20 * SECOND)).toEqual([
      { pattern: 'signatures', who: '192.0.2.1', count: 10, entry: 10 },
    ]);
  });

  it('a burst of declined charges is an alert', () => {
    expect(replay(times(10, declined), 30 * SECOND)).toEqual([
      { pattern: 'declines', who: 'crm', count: 10, entry: 10 },
    ]);
  });

  it('a burst over the turn of any minute is one', () => {
    const { count, minutes } = PATTERNS.declines;
    const every = Math.floor((minutes * MINUTE) / (count - 1));
    expect(replay(times(count, declined), every)).toHaveLength(1);
    expect(replay(times(2 * count, declined), every + 1)).toEqual([]);
  });

  it('a pattern that lasts is an alert again, when the first one’s time is over', () => {
    const alerts = replay(times(400, { ...refused, type: 'access.signature' }), 2 * SECOND);
    expect(alerts.map(({ entry }) => entry)).toEqual([10, 169, 328]);
  });

  it('an outcome beside each intent counts one of them', () => {
    const both = times(290, read).flatMap((entry) => [
      entry,
      { ...entry, outcome: 'done' as const, intent: 7 },
    ]);
    expect(replay(both, SECOND)).toEqual([]);
  });
});

describe('an operation at night', () => {
  const at = (hour: number, quiet: { from: number; to: number } | null): Sighting[] =>
    new PatternWatch(quiet).take(note('a', read), Date.UTC(2027, 5, 30, hour, 59));

  it('is an alert in the quiet hours, over midnight too', () => {
    const hours = (quiet: { from: number; to: number }): number[] =>
      Array.from({ length: 24 }, (_, hour) => hour).filter((hour) => at(hour, quiet).length > 0);
    expect(hours({ from: 22, to: 6 })).toEqual([0, 1, 2, 3, 4, 5, 22, 23]);
    expect(hours({ from: 1, to: 3 })).toEqual([1, 2]);
  });

  it('is one an hour and actor, and none where no hours are set', () => {
    const watch = new PatternWatch({ from: 0, to: 23 });
    const entries = [...times(70, read), ...times(1, { ...read, actor: 'erp' })];
    expect(replay(entries, MINUTE, watch).map(({ who, entry }) => [who, entry])).toEqual([
      ['crm', 1],
      ['crm', 61],
      ['erp', 71],
    ]);
    expect(at(3, null)).toEqual([]);
  });

  it('is not seen in what is no operation', () => {
    const watch = new PatternWatch({ from: 0, to: 23 });
    expect(replay(times(3, { ...refused, type: 'access.ticket' }), MINUTE, watch)).toEqual([]);
  });
});

it('keeps so many in mind, those who were seen last', () => {
  const watch = new PatternWatch(null);
  const knock = (origin: string): Sighting[] =>
    watch.take(note('a', { ...refused, type: 'access.signature', origin }), NOON);
  for (let i = 0; i < 9; i++) {
    knock('192.0.2.9');
    for (let n = 1; n < MAX_WATCHED; n++) knock(`stranger ${i} ${n}`);
  }
  expect(knock('192.0.2.9')).toHaveLength(1);
  for (let i = 0; i < 9; i++) knock('192.0.2.8');
  for (let i = 0; i < MAX_WATCHED; i++) knock(`other ${i}`);
  expect(knock('192.0.2.8')).toEqual([]);
});
