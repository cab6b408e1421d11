import { describe, it, expect } from '@jest/globals';
import { firstNever, lastAlways } from './figure.js';
import type { Heard } from './receiver.js';
import { score } from './score.js';

const LINE = {
  samples: new Float64Array(0),
  sent: [1, 2, 2].map((key, n) => ({ key, start: 1000 + 2000 * n, length: 400, level: -10, power: 1 })),
};

const heard = (key: number, found: number | null): Heard => ({
  key,
  start: null,
  length: null,
  level: null,
  found,
});

function counts(...presses: Heard[]) {
  const { right, wrong, missed, extra } = score(LINE, presses);
  return { right, wrong, missed, extra };
}

describe('what was heard beside what was sent', () => {
  it('is all right', () => {
    expect(counts(heard(1, 1300), heard(2, 3300), heard(2, 5300))).toEqual({
      right: 3,
      wrong: 0,
      missed: 0,
      extra: 0,
    });
  });

  it('has one that was missed', () => {
    expect(counts(heard(1, 1300), heard(2, 5300))).toEqual({ right: 2, wrong: 0, missed: 1, extra: 0 });
    expect(counts()).toEqual({ right: 0, wrong: 0, missed: 3, extra: 0 });
  });

  it('has one that was taken for another', () => {
    expect(counts(heard(4, 1300), heard(2, 3300), heard(2, 5300))).toEqual({
      right: 2,
      wrong: 1,
      missed: 0,
      extra: 0,
    });
  });

  it('has one too many, of which the first is the press', () => {
    const twice = [heard(1, 1300), heard(1, 1400), heard(2, 3300), heard(2, 5300)];
    expect(counts(...twice)).toEqual({ right: 3, wrong: 0, missed: 0, extra: 1 });
    expect(score(LINE, twice).heard[0]?.found).toBe(1300);
  });

  it('counts a key that was found before its press, or long after it, as none of it', () => {
    expect(counts(heard(1, 900), heard(2, 3300), heard(2, 5300))).toMatchObject({ missed: 1, extra: 1 });
    expect(counts(heard(1, 2300), heard(2, 3300), heard(2, 5300))).toMatchObject({ missed: 1, extra: 1 });
  });

  it('believes a receiver that does not say when', () => {
    expect(counts(heard(1, null), heard(2, null), heard(2, null))).toMatchObject({ right: 3, extra: 0 });
  });
});

describe('a curve', () => {
  const points = [10, 10, 9, 10, 0, 1, 0, 0].map((right, at) => ({ at, right, of: 10 }));

  it('is always right up to the point before the first error', () => {
    expect(lastAlways(points)).toBe(1);
    expect(lastAlways(points.slice(2))).toBeNull();
  });

  it('is never right from the point after the last success', () => {
    expect(firstNever(points)).toBe(6);
    expect(firstNever(points.slice(0, 4))).toBeNull();
  });
});
