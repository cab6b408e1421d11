import { describe, expect, it } from '@jest/globals';
import { LeakyBucket } from '../../../src/carrier/twilio/leaky-bucket.js';

describe('a leaky bucket', () => {
  it('takes a burst up to its capacity', () => {
    const bucket = new LeakyBucket({ capacity: 3, perSecond: 1 });
    expect([1, 1, 1, 1].map((units) => bucket.add(units, 0))).toEqual([true, true, true, false]);
  });

  it('takes for ever what comes as slowly as it drains', () => {
    const bucket = new LeakyBucket({ capacity: 3, perSecond: 100 });
    const answers = Array.from({ length: 1_000 }, (_, i) => bucket.add(1, i * 10));
    expect(answers).not.toContain(false);
  });

  it('runs over when more comes than drains', () => {
    const bucket = new LeakyBucket({ capacity: 500, perSecond: 100 });
    const answers = Array.from({ length: 2_000 }, (_, ms) => bucket.add(1, ms));
    expect(answers.indexOf(false)).toBe(555);
  });
});
